"""Options of docker buildx build, by what they change in steps and images of real builds."""

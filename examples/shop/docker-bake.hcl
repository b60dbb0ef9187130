# All services in one invocation, steps that they have in common run once: docker buildx bake
# Pushed, with a cache that the next machine takes up:
# REGISTRY=registry.example/shop WRITE_CACHE=true docker buildx bake --push

variable "REGISTRY" {
  default = ""
}

variable "TAG" {
  default = "latest"
}

# Who writes the cache can put code into every image that is built with it: the main branch alone.
variable "WRITE_CACHE" {
  default = false
}

variable "PACKAGES" {
  default = ["api", "worker", "data", "report"]
}

group "default" {
  targets = ["service"]
}

target "service" {
  name = package
  matrix = {
    package = PACKAGES
  }
  args = {
    package = package
  }
  tags = [REGISTRY == "" ? "shop-${package}:${TAG}" : "${REGISTRY}/${package}:${TAG}"]
  # A service takes the steps of all; each writes down its own, if it may.
  cache-from = REGISTRY == "" ? [] : [for each in PACKAGES : "type=registry,ref=${REGISTRY}/cache:${each}"]
  cache-to   = REGISTRY == "" || !WRITE_CACHE ? [] : ["type=registry,ref=${REGISTRY}/cache:${package},mode=max,ignore-error=true"]
}

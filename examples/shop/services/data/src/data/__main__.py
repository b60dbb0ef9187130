from data import main

main()

// Command shop runs the demo shop alone, beside a gateway that runs elsewhere.
package main

func main() {}

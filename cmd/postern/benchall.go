package main

import "context"

func runBenchAll(_ context.Context, _ call) int { return exitUsage }

// Package measure makes articles and questions to measure searches with, and times any search over them in one way:
// invented ones, made from a seed, and those that the question sets' EVAL.md defines. It knows nothing of how a search
// works. Source: self-help.md §9, K9 and K10.
package measure

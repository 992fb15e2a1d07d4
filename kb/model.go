package kb

import (
	"context"
	"encoding/json"
)

// Model is a language model, or none of its parts: it decides nothing and reaches nothing. What it may read stands in
// the prompt, what it may ask for in Tools, and what it said is checked by whoever asked. Source: self-help.md §8.
type Model interface {
	// Complete gives the model's next turn. Errors: whatever the server or the way to it says; a caller treats all
	// alike, as no answer.
	Complete(ctx context.Context, p Prompt) (Completion, error)
	// Embed gives one vector per text, all of one length. tokens is what the server counted.
	Embed(ctx context.Context, texts []string) (vectors [][]float32, tokens int, err error)
	// Name is of what makes the vectors: those of another name are not comparable. "" = it makes none.
	Name() string
}

// Speaker is whose turn it is in a prompt.
type Speaker string

// The speakers. Data that people wrote is the user's, never the system's.
const (
	BySystem Speaker = "system"
	ByUser   Speaker = "user"
	ByModel  Speaker = "assistant"
	ByTool   Speaker = "tool"
)

// Turn is one part of a prompt.
type Turn struct {
	By    Speaker
	Text  string
	Calls []ToolCall // of the model
	Call  string     // of a tool: the id of the call that it answers
}

// Tool is something that the model may ask for. Schema is a JSON schema of its arguments.
type Tool struct {
	Name, About string
	Schema      json.RawMessage
}

// ToolCall is the model's wish to use a tool. Arguments are as the model wrote them: nobody has checked them.
type ToolCall struct{ ID, Name, Arguments string }

// Prompt is all that a model gets to read.
type Prompt struct {
	Turns  []Turn
	Tools  []Tool
	Schema json.RawMessage // of the answer; nil = free text
	Most   int             // tokens of the answer
}

// Completion is what it said, and the tokens of prompt and answer as the server counted them.
type Completion struct {
	Text   string
	Calls  []ToolCall
	Tokens int
}

package main

import (
	"context"
	_ "embed" // capacity.toml
	"errors"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"

	"github.com/BurntSushi/toml"
	"github.com/postern-chat/postern/gateway/sim"
)

//go:embed capacity.toml
var capacityFile string

// capacity is the file of figures.
type capacity struct {
	Seed    uint64         `toml:"seed"`
	Scales  []int          `toml:"scales"`
	Load    sim.Load       `toml:"load"`
	Machine sim.Machine    `toml:"machine"`
	Figures sim.Figures    `toml:"figures"`
	Remedy  toml.Primitive `toml:"remedy"` // figures that an operator changes, laid over Figures for a second table
}

// runCapacity is 'postern capacity': what an installation needs at a load and many times that, as a table. It reckons
// and simulates from figures; it measures nothing.
func runCapacity(_ context.Context, c call) int {
	f := flag.NewFlagSet("capacity", flag.ContinueOnError)
	f.SetOutput(c.err)
	figures := f.String("figures", "", "File with figures of your own; 'postern capacity --print' gives one to begin with.")
	show := f.Bool("print", false, "Print the figures instead of the table.")
	if err := f.Parse(c.args); err != nil || f.NArg() > 0 {
		fmt.Fprintln(c.err, "usage: postern capacity [--figures FILE] [--print]")
		return exitUsage
	}
	text := capacityFile
	if *figures != "" {
		b, err := os.ReadFile(*figures)
		if err != nil {
			fmt.Fprintln(c.err, "postern:", err)
			return exitFailed
		}
		text = string(b)
	}
	table, err := capacityTable(text)
	if err != nil {
		fmt.Fprintln(c.err, "postern:", err)
		return exitFailed
	}
	if *show {
		table = text
	}
	fmt.Fprint(c.out, table)
	return exitOK
}

// capacityTable is the table of a file of figures. A figure that is missing, or not above zero, is a mistake.
func capacityTable(text string) (string, error) {
	var in capacity
	meta, err := toml.Decode(text, &in)
	if err != nil {
		return "", err
	}
	after := in.Figures
	if err := meta.PrimitiveDecode(in.Remedy, &after); err != nil {
		return "", err
	}
	if u := meta.Undecoded(); len(u) > 0 {
		return "", fmt.Errorf("unknown figure %s", u[0])
	}
	if err := positive(in); err != nil {
		return "", err
	}
	table := in.table(in.Figures)
	if meta.IsDefined("remedy") {
		table += "\nWith [remedy]:\n\n" + in.table(after)
	}
	return table, nil
}

func (in capacity) table(f sim.Figures) string {
	var heads []string
	var plans []sim.Plan
	for _, x := range in.Scales {
		heads = append(heads, fmt.Sprintf("%d×", x))
		plans = append(plans, sim.Reckon(f, in.Machine, in.Load.Times(x), in.Seed))
	}
	return sim.Table(heads, plans, in.Machine)
}

// positive refuses what nothing can be divided by.
func positive(in capacity) error {
	if len(in.Scales) == 0 || slices.Min(in.Scales) < 1 {
		return errors.New("scales: say at least one, from 1 on")
	}
	for table, v := range map[string]any{"load": in.Load, "machine": in.Machine, "figures": in.Figures} {
		s := reflect.ValueOf(v)
		for i := range s.NumField() {
			n := s.Field(i)
			if n.CanInt() && n.Int() < 1 || n.CanFloat() && !(n.Float() > 0) {
				return fmt.Errorf("%s.%s: must be above zero", table, s.Type().Field(i).Tag.Get("toml"))
			}
		}
	}
	return nil
}

package storetest_test

import (
	"flag"
	"testing"

	"pgregory.net/rapid"

	"github.com/ovation-live/ovation/store/storetest"
)

//nolint:paralleltest // flags are everybody's
func TestPropertiesAreCheckedAsOftenAsAskedFor(t *testing.T) {
	checks := func(most int) (n int) {
		storetest.Check(t, most, func(*rapid.T) { n++ })
		return n
	}
	usual := checks(0)
	if n := checks(3); usual <= 3 || n != 3 {
		t.Errorf("checked %d times, and usually %d", n, usual)
	}
	if err := flag.Set("rapid.checks", "7"); err != nil {
		t.Fatal(err)
	}
	if n := checks(3); n != 7 {
		t.Errorf("checked %d times, and was asked for 7", n)
	}
}

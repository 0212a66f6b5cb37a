package match

import (
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Whoever lets more play than the machine can is told so, and not only that counts differ.
func TestTextSaysThatAnswersCameTooLate(t *testing.T) {
	t.Parallel()
	failed := map[string]int64{"quiz_answer_late": 3}
	for name, test := range map[string]struct {
		round Round
		says  bool
	}{
		"set out late":        {Round{Late: 10, Failed: failed}, true},
		"set out in time":     {Round{Failed: failed}, false},
		"late and still good": {Round{Late: 10}, false},
	} {
		text := Report{Rounds: []Round{test.round}}.Text()
		if got := strings.Contains(text, "3 answers came too late to count"); got != test.says {
			t.Errorf("%s: %s", name, text)
		}
	}
}

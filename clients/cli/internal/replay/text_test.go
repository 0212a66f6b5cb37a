package replay_test

import (
	"encoding/json"
	"testing"

	"github.com/ovation-live/ovation/clients/cli/internal/latency"
	"github.com/ovation-live/ovation/clients/cli/internal/replay"
	"github.com/ovation-live/ovation/internal/testkit"
)

func TestText(t *testing.T) {
	t.Parallel()
	busy := replay.Report{
		Counts: replay.Counts{
			Lines: 47527, Outside: 12, Malformed: 3, Unsent: 2,
			Skipped: map[string]int{"empty": 1422, "enter\x1b[31m": 7}, Sent: 46174,
			Accepted: map[string]int{"low": 45000, "high": 131},
			Altered:  12, Muted: 51,
			Duplicates: 4,
			Dropped:    map[string]map[string]int{"low": {"rate limited": 900, "slow mode": 40}, "high": {"rate limited": 5}},
			Refused:    map[string]int{"message_too_long": 3, "muted": 40, "message_refused": 2},
			Failed:     map[string]int{"unavailable": 2},
			Retries:    17, Late: 31,
		},
		Room: "demo", Run: "RUN", Speed: 60, Interrupted: true,
		LogSpan: 18_146_000_000, Wall: 302_400_000, Rate: 152.4,
		Latency: latency.Summary{Count: 46081, P50: 812, P99: 3_140, P999: 8_800, Max: 1_204_000},
		Lag:     latency.Summary{Count: 46081, P50: 90, P99: 1_200, P999: 5_500, Max: 140_000},
	}
	quiet := replay.Report{
		Counts: replay.Counts{Lines: 1, Sent: 1, Accepted: map[string]int{"low": 1}},
		Room:   "demo", Wall: 900, Rate: 1111.1,
		Latency: latency.Summary{Count: 1, P50: 800, P99: 800, P999: 800, Max: 800},
	}
	testkit.Golden(t, "busy.txt", busy.Text())
	testkit.Golden(t, "quiet.txt", quiet.Text())
	asJSON, err := json.MarshalIndent(busy, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	testkit.Golden(t, "busy.json", string(asJSON)+"\n")
}

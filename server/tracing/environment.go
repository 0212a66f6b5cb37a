package tracing

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ovation-live/ovation/server/otlp"
)

// samplers are those that there are.
var samplers = []string{
	"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
}

// sound says what is wrong with what an environment says of spans.
func sound(getenv otlp.Environment) error {
	if err := getenv.Sound(otlp.Traces); err != nil {
		return err
	}
	return soundSampler(strings.ToLower(strings.TrimSpace(getenv("OTEL_TRACES_SAMPLER"))),
		strings.TrimSpace(getenv("OTEL_TRACES_SAMPLER_ARG")))
}

// soundSampler says what is wrong with how many are to be sent.
func soundSampler(sampler, argument string) error {
	if sampler == "" {
		return nil
	}
	if !slices.Contains(samplers, sampler) {
		return fmt.Errorf("OTEL_TRACES_SAMPLER is %q, must be one of %s", sampler, strings.Join(samplers, ", "))
	}
	if !strings.HasSuffix(sampler, "traceidratio") || argument == "" {
		return nil
	}
	if ratio, err := strconv.ParseFloat(argument, 64); err != nil || !(ratio >= 0 && ratio <= 1) {
		return fmt.Errorf("OTEL_TRACES_SAMPLER_ARG is %q, must be from 0 to 1", argument)
	}
	return nil
}

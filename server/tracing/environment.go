package tracing

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// samplers are those that there are.
var samplers = []string{
	"always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio",
}

// sound says what is wrong with what an environment says of spans. OpenTelemetry itself
// goes on with its defaults, which are to send all of them, to this machine.
func sound(getenv func(string) string) error {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		if err := soundEndpoint(name, strings.TrimSpace(getenv(name))); err != nil {
			return err
		}
	}
	return soundSampler(strings.ToLower(strings.TrimSpace(getenv("OTEL_TRACES_SAMPLER"))),
		strings.TrimSpace(getenv("OTEL_TRACES_SAMPLER_ARG")))
}

// soundEndpoint says what is wrong with where spans are to be sent.
func soundEndpoint(name, endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%s is %q, must be a URL as http://collector:4318", name, endpoint)
	}
	return nil
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

package otlp_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/ovation-live/ovation/server/otlp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// environment is one that is not the process's.
type environment map[string]string

func (e environment) get(name string) string { return e[name] }

func TestWanted(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		of     otlp.Signal
		env    environment
		wanted bool
		fault  string
	}{
		"nothing":                    {otlp.Traces, environment{}, false, ""},
		"a service's name":           {otlp.Traces, environment{"OTEL_SERVICE_NAME": "x"}, false, ""},
		"an exporter":                {otlp.Traces, environment{"OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"an endpoint":                {otlp.Traces, environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, true, ""},
		"one for traces":             {otlp.Traces, environment{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, true, ""},
		"none at all":                {otlp.Traces, environment{"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, false, ""},
		"disabled":                   {otlp.Traces, environment{"OTEL_SDK_DISABLED": "True", "OTEL_TRACES_EXPORTER": "otlp"}, false, ""},
		"not disabled":               {otlp.Traces, environment{"OTEL_SDK_DISABLED": "false", "OTEL_TRACES_EXPORTER": "otlp"}, true, ""},
		"one there is not":           {otlp.Traces, environment{"OTEL_TRACES_EXPORTER": "zipkin"}, false, `OTEL_TRACES_EXPORTER is "zipkin", must be otlp or none`},
		"disabled and wrong":         {otlp.Traces, environment{"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "zipkin"}, false, ""},
		"no metrics unasked":         {otlp.Metrics, environment{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, false, ""},
		"metrics that are asked for": {otlp.Metrics, environment{"OTEL_METRICS_EXPORTER": "otlp"}, true, ""},
		"an endpoint for metrics":    {otlp.Metrics, environment{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://x"}, true, ""},
		"no metrics at all":          {otlp.Metrics, environment{"OTEL_METRICS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://x"}, false, ""},
		"metrics of another kind":    {otlp.Metrics, environment{"OTEL_METRICS_EXPORTER": "prometheus"}, false, `OTEL_METRICS_EXPORTER is "prometheus", must be otlp or none`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := otlp.Environment(tt.env.get).Wanted(tt.of)
			fault := ""
			if err != nil {
				fault = err.Error()
			}
			if got != tt.wanted || fault != tt.fault {
				t.Errorf("%v, %q", got, fault)
			}
		})
	}
}

// What is said of one signal wins over what is said of all.
func TestProtocols(t *testing.T) {
	t.Parallel()
	for _, s := range []struct {
		of   otlp.Signal
		name string
	}{{otlp.Traces, "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"}, {otlp.Metrics, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL"}} {
		both := environment{"OTEL_EXPORTER_OTLP_PROTOCOL": "udp", s.name: "grpc"}
		if overGRPC, err := otlp.Environment(both.get).GRPC(s.of); err != nil || !overGRPC {
			t.Errorf("%s: %v, %v", s.name, overGRPC, err)
		}
		for protocol, good := range map[string]bool{"": true, "http/protobuf": true, "grpc": true, "http/json": false} {
			overGRPC, err := otlp.Environment(environment{s.name: protocol}.get).GRPC(s.of)
			if (err == nil) != good || overGRPC != (protocol == "grpc") {
				t.Errorf("%s of %q: %v, %v", s.name, protocol, overGRPC, err)
			}
		}
	}
}

func TestSound(t *testing.T) {
	t.Parallel()
	for endpoint, good := range map[string]bool{
		"": true, "http://collector:4318": true, "https://[::1]:4318/v1/metrics\n": true, "collector:4318": false, "grpc://c:4317": false, "http:///v1": false, ":::bad": false,
	} {
		env := otlp.Environment(environment{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": endpoint}.get)
		if err := env.Sound(otlp.Metrics); (err == nil) != good {
			t.Errorf("%q: %v", endpoint, err)
		}
		if err := env.Sound(otlp.Traces); err != nil {
			t.Errorf("that of metrics is no trace's: %v", err)
		}
	}
}

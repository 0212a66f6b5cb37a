package main

import (
	"errors"
	"io"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// manifest is what is read of one for Kubernetes.
type manifest struct {
	Kind     string
	Metadata struct{ Name string }
	Spec     struct {
		Selector       yaml.Node
		MaxUnavailable int `yaml:"maxUnavailable"`
		Ports          []servicePort
		Template       struct {
			Metadata struct{ Labels, Annotations map[string]string }
			Spec     struct {
				Grace    int `yaml:"terminationGracePeriodSeconds"`
				Security struct {
					RunAsNonRoot bool `yaml:"runAsNonRoot"`
				} `yaml:"securityContext"`
				Containers []container
			}
		}
	}
}

// servicePort is a port of a service.
type servicePort struct {
	TargetPort  string `yaml:"targetPort"`
	AppProtocol string `yaml:"appProtocol"`
}

// container is one of a pod.
type container struct {
	Ports []struct {
		Name string
		Port int `yaml:"containerPort"`
	}
	Env []struct {
		Name, Value string
		From        struct {
			Secret *struct{ Name, Key string } `yaml:"secretKeyRef"`
			Field  *struct {
				Path string `yaml:"fieldPath"`
			} `yaml:"fieldRef"`
		} `yaml:"valueFrom"`
	}
	Liveness  probe `yaml:"livenessProbe"`
	Readiness probe `yaml:"readinessProbe"`
	Lifecycle struct {
		PreStop struct{ Sleep struct{ Seconds int } } `yaml:"preStop"`
	}
}

type probe struct {
	Get struct{ Path, Port string } `yaml:"httpGet"`
}

// secrets stand in for those of a cluster.
var secrets = map[string]string{
	"auth-secret": strings.Repeat("s", 32), "redis-url": "rediss://redis:6379", "postgres-url": "postgres://postgres/ovation",
}

// environment is what a container is started with.
func (c container) environment(t *testing.T) map[string]string {
	t.Helper()
	env := make(map[string]string)
	for _, v := range c.Env {
		switch {
		case v.From.Secret != nil:
			env[v.Name] = secrets[v.From.Secret.Key]
			if env[v.Name] == "" {
				t.Errorf("%s is of the secret's key %q", v.Name, v.From.Secret.Key)
			}
		case v.From.Field != nil:
			env[v.Name] = "ovation-6d4cf56db6-x7x2p"
		default:
			env[v.Name] = v.Value
		}
	}
	return env
}

// manifests reads what is applied, by kind.
func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(deployed(t, "deploy/kubernetes/ovation.yaml")))
	all := make(map[string]manifest)
	for {
		var m manifest
		err := decoder.Decode(&m)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all[m.Kind] = m
	}
}

//nolint:paralleltest // the environment is everybody's
func TestKubernetes(t *testing.T) {
	all := manifests(t)
	pod := all["Deployment"].Spec.Template
	server := pod.Spec.Containers[0]
	settings := configured(t, "the container", server.environment(t))
	if settings.Development() || !settings.Shared() || !pod.Spec.Security.RunAsNonRoot {
		t.Error("it is for development, or a node by itself, or root's")
	}
	grace, rest := time.Duration(pod.Spec.Grace)*time.Second, time.Duration(server.Lifecycle.PreStop.Sleep.Seconds)*time.Second
	if rest == 0 || grace <= rest+settings.DrainTimeout {
		t.Errorf("it rests for %v, drains for %v and is killed after %v", rest, settings.DrainTimeout, grace)
	}
	ports := make(map[string]string)
	for _, p := range server.Ports {
		ports[p.Name] = portOf(settings.Listen)
		if p.Name == "internal" {
			ports[p.Name] = portOf(settings.InternalListen)
		}
		if ports[p.Name] != strconv.Itoa(p.Port) {
			t.Errorf("port %s is %d, it listens on %s", p.Name, p.Port, ports[p.Name])
		}
	}
	if server.Liveness.Get.Path != "/healthz" || server.Readiness.Get.Path != "/readyz" ||
		ports[server.Liveness.Get.Port] == "" || ports[server.Readiness.Get.Port] == "" {
		t.Errorf("it is asked %+v and %+v", server.Liveness, server.Readiness)
	}
	if pod.Metadata.Annotations["prometheus.io/port"] != ports["internal"] {
		t.Error("it is scraped where it shows nothing")
	}
	service := all["Service"].Spec.Ports[0]
	if ports[service.TargetPort] == "" || service.AppProtocol != "kubernetes.io/h2c" {
		t.Errorf("the service is for %+v", service)
	}
	for kind, m := range all {
		if !selects(t, m, pod.Metadata.Labels) {
			t.Errorf("%s: it is not for the pods", kind)
		}
	}
	if all["PodDisruptionBudget"].Spec.MaxUnavailable != 1 {
		t.Error("more than one may go at once")
	}
}

// selects says whether a manifest is for pods of these labels.
func selects(t *testing.T, m manifest, labels map[string]string) bool {
	t.Helper()
	var wrapped struct {
		MatchLabels map[string]string `yaml:"matchLabels"`
	}
	var bare map[string]string
	if m.Kind == "Service" {
		if err := m.Spec.Selector.Decode(&bare); err != nil {
			t.Fatal(err)
		}
	} else if err := m.Spec.Selector.Decode(&wrapped); err != nil {
		t.Fatal(err)
	} else {
		bare = wrapped.MatchLabels
	}
	return maps.Equal(bare, labels)
}

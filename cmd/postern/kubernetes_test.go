package main

import (
	"bytes"
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The parts of the Kubernetes API that the manifests use, by their own names; a key that is none of these is refused.
// There is no cluster in the tests: what a cluster would say beyond names and references is not checked.
type (
	kubeMeta struct {
		Name                string            `json:"name"`
		Labels, Annotations map[string]string `json:",omitempty"`
	}
	kubeSelector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	}
	kubeProbe struct {
		HTTPGet                                         struct{ Path, Port string } `json:"httpGet"`
		PeriodSeconds, TimeoutSeconds, FailureThreshold int
	}
	kubeContainer struct {
		Name, Image string
		Ports       []struct {
			Name          string
			ContainerPort int
		}
		EnvFrom                                     []struct{ ConfigMapRef struct{ Name string } }
		Resources                                   struct{ Requests, Limits map[string]string }
		StartupProbe, ReadinessProbe, LivenessProbe *kubeProbe
		Lifecycle                                   struct {
			PreStop struct{ Sleep struct{ Seconds int } }
		}
		SecurityContext struct {
			AllowPrivilegeEscalation, ReadOnlyRootFilesystem *bool
			Capabilities                                     struct{ Drop []string }
		}
		VolumeMounts []struct {
			Name, MountPath string
			ReadOnly        bool
		}
	}
	kubePod struct {
		AutomountServiceAccountToken, EnableServiceLinks *bool
		TerminationGracePeriodSeconds                    int
		SecurityContext                                  struct {
			RunAsNonRoot                   bool
			RunAsUser, RunAsGroup, FsGroup int
			SeccompProfile                 struct{ Type string }
		}
		TopologySpreadConstraints []struct {
			MaxSkew                        int
			TopologyKey, WhenUnsatisfiable string
			LabelSelector                  kubeSelector
		}
		Containers []kubeContainer
		Volumes    []struct {
			Name   string
			Secret *struct {
				SecretName  string
				DefaultMode int
			}
			EmptyDir *struct{}
		}
	}
	kubeDeployment struct {
		Replicas int
		Selector kubeSelector
		Strategy struct {
			Type          string
			RollingUpdate struct{ MaxUnavailable, MaxSurge int }
		}
		Template struct {
			Metadata struct{ Labels map[string]string }
			Spec     kubePod
		}
	}
	kubeService struct {
		Selector map[string]string
		Ports    []struct {
			Name       string
			Port       int
			TargetPort string
		}
	}
	kubeBudget struct {
		MinAvailable int
		Selector     kubeSelector
	}
	kubeScaler struct {
		ScaleTargetRef           struct{ APIVersion, Kind, Name string }
		MinReplicas, MaxReplicas int
		Metrics                  []struct {
			Type     string
			Resource struct {
				Name   string
				Target struct {
					Type               string
					AverageUtilization int
				}
			}
		}
		Behavior struct {
			ScaleDown struct {
				StabilizationWindowSeconds int
				Policies                   []struct {
					Type                 string
					Value, PeriodSeconds int
				}
			}
		}
	}
	kubeIngress struct {
		IngressClassName string
		TLS              []struct {
			Hosts      []string
			SecretName string
		}
		Rules []struct {
			Host string
			HTTP struct {
				Paths []struct {
					Path, PathType string
					Backend        struct {
						Service struct {
							Name string
							Port struct{ Name string }
						}
					}
				}
			}
		}
	}
)

// strictly decodes what YAML gave; a key that the type has not fails the test.
func strictly(t *testing.T, what string, from, to any) {
	t.Helper()
	raw, err := json.Marshal(from)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(to); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

type kubeFile struct {
	config     map[string]string
	deployment kubeDeployment
	service    kubeService
	budget     kubeBudget
	scaler     kubeScaler
	ingress    kubeIngress
}

func kubernetes(t *testing.T) (f kubeFile) {
	t.Helper()
	into := map[string]any{
		"apps/v1 Deployment": &f.deployment, "v1 Service": &f.service, "policy/v1 PodDisruptionBudget": &f.budget,
		"autoscaling/v2 HorizontalPodAutoscaler": &f.scaler, "networking.k8s.io/v1 Ingress": &f.ingress,
	}
	for _, doc := range readYAML(t, deployFile(t, "kubernetes/postern.yaml")) {
		var head struct {
			APIVersion, Kind string
			Metadata         kubeMeta
			Spec, Data       any
		}
		strictly(t, "document", doc, &head)
		kind := head.APIVersion + " " + head.Kind
		if head.Metadata.Name != "postern" {
			t.Errorf("%s is called %q", kind, head.Metadata.Name)
		}
		if kind == "v1 ConfigMap" {
			strictly(t, kind, head.Data, &f.config)
			continue
		}
		if into[kind] == nil {
			t.Fatalf("%s is unknown, or twice there", kind)
		}
		strictly(t, kind, head.Spec, into[kind])
		delete(into, kind)
	}
	for kind := range into {
		t.Errorf("there is no %s", kind)
	}
	return f
}

// The manifests are decoded strictly and fit together and to the gateway; they were not given to a cluster.
func TestKubernetesManifests(t *testing.T) {
	f := kubernetes(t)
	pod, app := f.deployment.Template.Spec, map[string]string{"app": "postern"}
	for what, labels := range map[string]map[string]string{
		"deployment": f.deployment.Selector.MatchLabels, "template": f.deployment.Template.Metadata.Labels, "service": f.service.Selector,
		"budget": f.budget.Selector.MatchLabels, "spread": pod.TopologySpreadConstraints[0].LabelSelector.MatchLabels,
	} {
		if !reflect.DeepEqual(labels, app) {
			t.Errorf("%s: labels %v", what, labels)
		}
	}
	if r := f.deployment.Strategy.RollingUpdate; f.deployment.Replicas < 2 || f.scaler.MinReplicas < 2 || f.budget.MinAvailable < 1 || r.MaxUnavailable != 0 || r.MaxSurge < 1 {
		t.Error("a rolling restart would leave nobody to answer")
	}
	if s := f.scaler.ScaleTargetRef; s.Kind != "Deployment" || s.Name != "postern" || s.APIVersion != "apps/v1" || f.scaler.MaxReplicas <= f.scaler.MinReplicas || f.scaler.Metrics[0].Resource.Target.AverageUtilization == 0 {
		t.Errorf("the autoscaler scales %v", s)
	}
	c := pod.Containers[0]
	if need := c.Lifecycle.PreStop.Sleep.Seconds + int(drainTime.Seconds()); len(pod.Containers) != 1 || pod.TerminationGracePeriodSeconds <= need {
		t.Errorf("%d s of grace, but the drain may take %d", pod.TerminationGracePeriodSeconds, need)
	}
	if f.service.Ports[0].TargetPort != c.Ports[0].Name || c.Ports[0].ContainerPort != 8080 || f.ingress.Rules[0].HTTP.Paths[0].Backend.Service.Name != "postern" ||
		f.ingress.Rules[0].HTTP.Paths[0].Backend.Service.Port.Name != f.service.Ports[0].Name {
		t.Error("ingress, service and container do not meet")
	}
	for name, p := range map[string]*kubeProbe{"/healthz": c.LivenessProbe, "/readyz": c.ReadinessProbe, "/healthz ": c.StartupProbe} {
		if p == nil || p.HTTPGet.Path != strings.TrimSpace(name) || p.HTTPGet.Port != c.Ports[0].Name || p.PeriodSeconds == 0 || p.FailureThreshold == 0 {
			t.Errorf("probe %s: %+v", name, p)
		}
	}
	s := c.SecurityContext
	if p := pod.SecurityContext; !p.RunAsNonRoot || p.RunAsUser == 0 || p.SeccompProfile.Type != "RuntimeDefault" || *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []string{"ALL"}) || *pod.AutomountServiceAccountToken || *pod.EnableServiceLinks {
		t.Error("the pod may do more than it needs")
	}
}

// What the pods read is what their configuration knows, and every file of it is a mounted secret.
func TestKubernetesConfiguration(t *testing.T) {
	f, c := kubernetes(t), Config{}
	known := map[string]bool{}
	for _, k := range scalars(reflect.ValueOf(&c).Elem(), "") {
		known[k.variable()] = true
	}
	pod := f.deployment.Template.Spec
	mounts := map[string]string{}
	for _, m := range pod.Containers[0].VolumeMounts {
		mounts[m.Name] = m.MountPath
	}
	volume := map[string]string{}
	for _, v := range pod.Volumes {
		if v.Secret != nil {
			volume[mounts[v.Name]] = v.Secret.SecretName
		} else if v.EmptyDir == nil {
			t.Errorf("volume %s is nothing", v.Name)
		}
		if mounts[v.Name] == "" {
			t.Errorf("volume %s is mounted nowhere", v.Name)
		}
	}
	file := regexp.MustCompile(`^(/run/postern)/([a-z_.]+)$`)
	for name, v := range f.config {
		if !known[name] {
			t.Errorf("unknown variable %s", name)
		}
		if m := file.FindStringSubmatch(v); strings.HasSuffix(name, "_FILE") && (m == nil || volume[m[1]] != "postern" || !strings.Contains(deployFile(t, "kubernetes/postern.yaml"), "--from-file="+m[2])) {
			t.Errorf("%s: %s is in no secret", name, v)
		}
	}
	if pod.Containers[0].EnvFrom[0].ConfigMapRef.Name != "postern" || mounts["data"] != "/data" {
		t.Error("the container reads no configuration, or has no data folder")
	}
}

// composeService is a service of a compose file, with the keys that ours use.
type composeService struct {
	Image   string
	Build   struct{ Context, Dockerfile string }
	Extends struct{ Service string }
	Command []string

	Environment              map[string]string
	Secrets, Volumes, Ports  []string
	Networks, DependsOn      any
	Restart, StopGracePeriod string
	Healthcheck              struct {
		Test     []string
		Interval string
		Retries  int
	}
}

// The compose files are decoded strictly too; drains fit into the time that a stopping container is given.
func TestComposeFilesAreStrict(t *testing.T) {
	for _, name := range []string{"compose.yaml", "compose.scaled.yaml"} {
		var f struct {
			Services map[string]map[string]any
			Networks map[string]struct {
				Ipam struct{ Config []map[string]string }
			}
			Volumes map[string]struct{}
			Secrets map[string]struct{ File string }
		}
		strictly(t, name, readYAML(t, deployFile(t, name))[0], &f)
		for service, keys := range f.Services {
			for _, k := range []string{"depends_on", "stop_grace_period"} { // Go's names have no underscores
				if v, has := keys[k]; has {
					delete(keys, k)
					keys[strings.ReplaceAll(k, "_", "")] = v
				}
			}
			var s composeService
			strictly(t, name+" "+service, keys, &s)
			if s.Build.Dockerfile != "" {
				if d, err := time.ParseDuration(s.StopGracePeriod); err != nil || d <= drainTime {
					t.Errorf("%s %s: %s for a drain of %s", name, service, s.StopGracePeriod, drainTime)
				}
			}
			if s.Image == "" && s.Build.Dockerfile == "" && s.Extends.Service == "" {
				t.Errorf("%s %s is nothing", name, service)
			}
		}
	}
}

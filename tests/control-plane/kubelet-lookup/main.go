// Command kubelet-lookup tells, for each line of JSON on standard input, which credentials kubelet tries for an image, in
// its order. It calls the packages that kubelet itself calls.
//
//	{"image":"gcr.io/p/app","secrets":["{\"auths\":…}"]}
//	{"repository":"gcr.io/p/app","pulled":"gcr.io/p/app:latest","creds":[{"secret":"0","username":"…","password":"…"}]}
//
// `pulled` is the reference that containerd pulls; its CRI plugin calls ParseDockerRef too.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
	"os"
	"strconv"

	"github.com/distribution/reference"
	"k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/credentialprovider/secrets"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type question struct {
	Image   string   `json:"image"`
	Secrets []string `json:"secrets"`
}

type credential struct {
	Secret   string `json:"secret"`
	Username string `json:"username"`
	Password string `json:"password"`
}

type answer struct {
	Repository string       `json:"repository,omitempty"`
	Pulled     string       `json:"pulled,omitempty"`
	Creds      []credential `json:"creds"`
	Error      string       `json:"error,omitempty"`
}

func main() {
	// klog reports keys that are no URL.
	flags := flag.NewFlagSet("klog", flag.ExitOnError)
	klog.InitFlags(flags)
	_ = flags.Parse([]string{"-logtostderr=false", "-stderrthreshold=FATAL"})
	klog.SetOutput(io.Discard)
	questions, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var next question
		if err := questions.Decode(&next); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		if err := answers.Encode(lookup(next)); err != nil {
			log.Fatal(err)
		}
	}
}

func lookup(question question) answer {
	repository, _, _, err := parsers.ParseImageName(question.Image)
	if err != nil {
		return answer{Error: err.Error()}
	}
	pulled, err := reference.ParseDockerRef(question.Image)
	if err != nil {
		return answer{Error: err.Error()}
	}
	all := make([]v1.Secret, len(question.Secrets))
	for i, data := range question.Secrets {
		name := strconv.Itoa(i)
		all[i] = v1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "default", UID: types.UID(name)},
			Type:       v1.SecretTypeDockerConfigJson,
			Data:       map[string][]byte{v1.DockerConfigJsonKey: []byte(data)},
		}
	}
	keyring, err := secrets.MakeDockerKeyring(all, &credentialprovider.BasicDockerKeyring{})
	if err != nil {
		return answer{Repository: repository, Pulled: pulled.String(), Error: err.Error()}
	}
	found, _ := keyring.Lookup(repository)
	creds := make([]credential, 0, len(found))
	for _, one := range found {
		next := credential{Username: one.Username, Password: one.Password}
		if one.Source != nil && one.Source.Secret != nil {
			next.Secret = one.Source.Secret.Name
		}
		creds = append(creds, next)
	}
	return answer{Repository: repository, Pulled: pulled.String(), Creds: creds}
}

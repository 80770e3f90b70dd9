package main

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spf13/pflag"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/component-base/featuregate"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// apiServer is a running kube-apiserver. `ended` yields exactly once.
type apiServer struct {
	url        string
	kubeconfig string
	ended      chan error
	cancel     context.CancelFunc
}

// startAPIServer starts kube-apiserver on its own listener and writes the kubeconfig files of all users. The state
// directory keeps its certificate, tokens and account key, so that a restarted server has the same identity.
func startAPIServer(s settings) (*apiServer, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(s.bind, strconv.Itoa(s.port)))
	if err != nil {
		return nil, err
	}
	port := listener.Addr().(*net.TCPAddr).Port
	tokens, err := loadTokens(s.state, s.users)
	if err != nil {
		return nil, err
	}
	accountKey, err := loadAccountKey(s.state)
	if err != nil {
		return nil, err
	}

	certificates := filepath.Join(s.state, "certificates")
	socket := etcdSocket(s.state)
	arguments := append([]string{
		"--etcd-servers=" + socket.String(),
		"--cert-dir=" + certificates,
		"--bind-address=" + s.bind,
		"--advertise-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--authorization-mode=RBAC",
		"--service-cluster-ip-range=10.0.0.0/24",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + accountKey,
		"--service-account-signing-key-file=" + accountKey,
		"--token-auth-file=" + tokens.path,
		"--endpoint-reconciler-type=none",
	}, s.apiserverFlags...)

	run := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, set := range run.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(arguments); err != nil {
		return nil, fmt.Errorf("kube-apiserver flags: %w", err)
	}
	run.SecureServing.Listener = listener
	gates := run.GenericServerRunOptions.ComponentGlobalsRegistry
	if err := gates.Set(); err != nil {
		return nil, err
	}
	if err := logsapi.ValidateAndApply(run.Logs, gates.FeatureGateFor("kube")); err != nil {
		return nil, err
	}

	ctx, cancel := context.WithCancel(context.Background())
	completed, err := run.Complete(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	if errors := completed.Validate(); len(errors) > 0 {
		cancel()
		return nil, fmt.Errorf("kube-apiserver flags: %v", errors)
	}
	if gate, ok := gates.FeatureGateFor("kube").(featuregate.MutableFeatureGate); ok {
		gate.AddMetrics()
	}

	server := &apiServer{
		url:        "https://" + net.JoinHostPort(reachable(s.bind), strconv.Itoa(port)),
		kubeconfig: kubeconfigPath(s.state, admin),
		ended:      make(chan error, 1),
		cancel:     cancel,
	}
	// kube-apiserver's self-signed certificate file contains the certificate and its CA.
	if err := tokens.writeKubeconfigs(s.state, server.url, filepath.Join(certificates, "apiserver.crt")); err != nil {
		cancel()
		return nil, err
	}
	go func() { server.ended <- app.Run(ctx, completed) }()
	return server, nil
}

// reachable returns the address that clients use for a bind address: a wildcard address is not a valid destination.
func reachable(bind string) string {
	if ip := net.ParseIP(bind); ip != nil && ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return bind
}

// adminConfig returns a client configuration without client-side throttling.
func (s *apiServer) adminConfig() *rest.Config {
	config, err := clientcmd.BuildConfigFromFlags("", s.kubeconfig)
	if err != nil {
		panic(fmt.Sprintf("read a kubeconfig written by this process: %v", err))
	}
	config.QPS = -1
	return config
}

// waitUntilReady waits until GET /readyz returns 200.
func (s *apiServer) waitUntilReady(ctx context.Context, limit time.Duration) error {
	client, err := kubernetes.NewForConfig(s.adminConfig())
	if err != nil {
		return err
	}
	deadline := time.After(limit)
	for {
		_, err := client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case ended := <-s.ended:
			s.ended <- ended
			return fmt.Errorf("kube-apiserver did not start: %w", ended)
		case <-ctx.Done():
			return ctx.Err()
		case <-deadline:
			return fmt.Errorf("kube-apiserver was not ready within %s: %w", limit, err)
		}
	}
}

// stop stops the server and waits at most 10 s, because a client's open watch can delay the shutdown.
func (s *apiServer) stop() {
	s.cancel()
	select {
	case ended := <-s.ended:
		s.ended <- ended
	case <-time.After(10 * time.Second):
		logf("kube-apiserver did not stop within 10 s; exiting anyway")
	}
}

package main

import (
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// kubeconfigPath returns the path of a user's kubeconfig.
func kubeconfigPath(state, user string) string {
	return filepath.Join(state, user+".kubeconfig")
}

// writeKubeconfigs writes one self-contained file per user (mode 0600), with the token and the CA.
func (t *tokens) writeKubeconfigs(state, server, authorityFile string) error {
	authority, err := os.ReadFile(authorityFile)
	if err != nil {
		return err
	}
	for name, token := range t.byUser {
		config := clientcmdapi.NewConfig()
		config.Clusters["control-plane"] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: authority}
		config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: token}
		config.Contexts[name] = &clientcmdapi.Context{Cluster: "control-plane", AuthInfo: name}
		config.CurrentContext = name
		if err := clientcmd.WriteToFile(*config, kubeconfigPath(state, name)); err != nil {
			return err
		}
	}
	return nil
}

//! Kubeconfigs as common tools write them, with a local server and shell scripts in place of the vendors' programs.

use crate::case::{Case, case};

pub(crate) fn cases() -> Vec<Case> {
    vec![
        gke(),
        eks(),
        aks(),
        aks_local_account(),
        openshift(),
        rancher(),
        k3s(),
        kind(),
        minikube(),
        microk8s(),
        microk8s_v1(),
    ]
}

fn gke() -> Case {
    case("GKE")
        .kubeconfig(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {CA}\n    server: {SERVER}\n  name: gke_project_europe-west1_one\n\
             contexts:\n- context:\n    cluster: gke_project_europe-west1_one\n    user: gke_project_europe-west1_one\n  name: gke_project_europe-west1_one\n\
             current-context: gke_project_europe-west1_one\nkind: Config\npreferences: {}\n\
             users:\n- name: gke_project_europe-west1_one\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      command: gke-gcloud-auth-plugin\n\
             \x20     installHint: Install gke-gcloud-auth-plugin for use with kubectl by following\n        https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl#install_plugin\n\
             \x20     provideClusterInfo: true\n",
        )
        .script(
            "gke-gcloud-auth-plugin",
            r#"echo "$KUBERNETES_EXEC_INFO" >> {WORK}/starts
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":false},"status":{"expirationTimestamp":"2099-01-01T00:00:00Z","token":"ya29.example"}}'"#,
        )
        .reaches("token ya29.example")
}

fn eks() -> Case {
    case("EKS")
        .kubeconfig(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {CA}\n    server: {SERVER}\n  name: arn:aws:eks:eu-west-1:123456789012:cluster/one\n\
             contexts:\n- context:\n    cluster: arn:aws:eks:eu-west-1:123456789012:cluster/one\n    user: arn:aws:eks:eu-west-1:123456789012:cluster/one\n  name: arn:aws:eks:eu-west-1:123456789012:cluster/one\n\
             current-context: arn:aws:eks:eu-west-1:123456789012:cluster/one\nkind: Config\npreferences: {}\n\
             users:\n- name: arn:aws:eks:eu-west-1:123456789012:cluster/one\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n\
             \x20     args:\n      - --region\n      - eu-west-1\n      - eks\n      - get-token\n      - --cluster-name\n      - one\n      - --output\n      - json\n      command: aws\n\
             \x20     env:\n      - name: AWS_PROFILE\n        value: work\n",
        )
        .script(
            "aws",
            r#"echo "$* $AWS_PROFILE" >> {WORK}/starts
echo '{"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1", "spec": {}, "status": {"expirationTimestamp": "2099-01-01T00:00:00Z", "token": "k8s-aws-v1.example"}}'"#,
        )
        .reaches("token k8s-aws-v1.example")
}

fn aks() -> Case {
    case("AKS")
        .kubeconfig(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {CA}\n    server: {SERVER}\n  name: one\n\
             contexts:\n- context:\n    cluster: one\n    user: clusterUser_group_one\n  name: one\ncurrent-context: one\nkind: Config\npreferences: {}\n\
             users:\n- name: clusterUser_group_one\n  user:\n    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n\
             \x20     args:\n      - get-token\n      - --environment\n      - AzurePublicCloud\n      - --server-id\n      - 6dae42f8-4368-4678-94ff-3960e28e3630\n      - --login\n      - devicecode\n\
             \x20     command: kubelogin\n      env: null\n      installHint: |2\n\n        kubelogin is not installed which is required to connect to AAD enabled cluster.\n\n        To learn more, please go to https://aka.ms/aks/kubelogin\n\
             \x20     provideClusterInfo: false\n",
        )
        .script(
            "kubelogin",
            r#"echo "$*" >> {WORK}/starts
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1","spec":{"interactive":false},"status":{"expirationTimestamp":"2099-01-01T00:00:00Z","token":"eyJ.example"}}'"#,
        )
        .reaches("token eyJ.example")
}

/// Returns the kubeconfig of `az aks get-credentials --admin`, with a certificate and a token.
fn aks_local_account() -> Case {
    case("AKS with a local account")
        .kubeconfig(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {CA}\n    server: {SERVER}\n  name: one\n\
             contexts:\n- context:\n    cluster: one\n    user: clusterAdmin_group_one\n  name: one-admin\ncurrent-context: one-admin\nkind: Config\npreferences: {}\n\
             users:\n- name: clusterAdmin_group_one\n  user:\n    client-certificate-data: {CERT}\n    client-key-data: {KEY}\n    token: 0a1b2c\n",
        )
        .reaches("certificate human, token 0a1b2c")
}

fn openshift() -> Case {
    case("OpenShift")
        .kubeconfig(
            "apiVersion: v1\nclusters:\n- cluster:\n    insecure-skip-tls-verify: true\n    server: {SERVER}\n  name: api-one-example-com:6443\n\
             - cluster:\n    server: https://{OTHER}\n  name: api-two-example-com:6443\n\
             contexts:\n- context:\n    cluster: api-one-example-com:6443\n    namespace: team\n    user: kube:admin/api-one-example-com:6443\n  name: team/api-one-example-com:6443/kube:admin\n\
             - context:\n    cluster: api-two-example-com:6443\n    namespace: default\n    user: dev/api-two-example-com:6443\n  name: default/api-two-example-com:6443/dev\n\
             current-context: team/api-one-example-com:6443/kube:admin\nkind: Config\npreferences: {}\n\
             users:\n- name: kube:admin/api-one-example-com:6443\n  user:\n    token: sha256~example\n- name: dev/api-two-example-com:6443\n  user:\n    token: sha256~other\n",
        )
        .reaches_exactly(["server as token sha256~example, in team"])
}

fn rancher() -> Case {
    case("Rancher")
        .kubeconfig(
            "apiVersion: v1\nkind: Config\nclusters:\n- name: \"one\"\n  cluster:\n    server: \"{SERVER}/k8s/clusters/c-abc\"\n    certificate-authority-data: \"{CA}\"\n\
             - name: \"one-node1\"\n  cluster:\n    server: \"https://{OTHER}\"\n    certificate-authority-data: \"{CA}\"\n\n\
             users:\n- name: \"one\"\n  user:\n    token: \"kubeconfig-user-abc:example\"\n\n\n\
             contexts:\n- name: \"one\"\n  context:\n    user: \"one\"\n    cluster: \"one\"\n- name: \"one-node1\"\n  context:\n    user: \"one\"\n    cluster: \"one-node1\"\n\n\
             current-context: \"one\"\n",
        )
        .reaches("token kubeconfig-user-abc:example, below /k8s/clusters/c-abc")
}

fn k3s() -> Case {
    case("k3s")
        .kubeconfig(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {CA}\n    server: {SERVER}\n  name: default\n\
             contexts:\n- context:\n    cluster: default\n    user: default\n  name: default\ncurrent-context: default\nkind: Config\npreferences: {}\n\
             users:\n- name: default\n  user:\n    client-certificate-data: {CERT}\n    client-key-data: {KEY}\n",
        )
        .reaches("certificate human")
}

fn kind() -> Case {
    case("kind")
        .kubeconfig(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {CA}\n    server: {SERVER}\n  name: kind-kind\n\
             contexts:\n- context:\n    cluster: kind-kind\n    user: kind-kind\n  name: kind-kind\ncurrent-context: kind-kind\nkind: Config\n\
             users:\n- name: kind-kind\n  user:\n    client-certificate-data: {CERT}\n    client-key-data: {KEY}\n",
        )
        .reaches("certificate human")
}

fn minikube() -> Case {
    let extension = "      extension:\n        last-update: Mon, 23 Nov 2026 09:00:00 UTC\n        provider: minikube.sigs.k8s.io\n        version: v1.38.0\n";
    case("minikube")
        .kubeconfig(format!(
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority: .minikube/ca.crt\n    extensions:\n    - name: cluster_info\n{extension}    server: {{SERVER}}\n  name: minikube\n\
             contexts:\n- context:\n    cluster: minikube\n    extensions:\n    - name: context_info\n{extension}    namespace: default\n    user: minikube\n  name: minikube\n\
             current-context: minikube\nkind: Config\npreferences: {{}}\n\
             users:\n- name: minikube\n  user:\n    client-certificate: .minikube/profiles/minikube/client.crt\n    client-key: .minikube/profiles/minikube/client.key\n"
        ))
        .file(".minikube/ca.crt", "{CA_PEM}")
        .file(".minikube/profiles/minikube/client.crt", "{CERT_PEM}")
        .file(".minikube/profiles/minikube/client.key", "{KEY_PEM}")
        .reaches("certificate human")
}

const MICROK8S: &str = "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: {CA}\n    server: {SERVER}\n  name: microk8s-cluster\n\
    contexts:\n- context:\n    cluster: microk8s-cluster\n    user: admin\n  name: microk8s\ncurrent-context: microk8s\nkind: Config\npreferences: {}\n\
    users:\n- name: admin\n  user:\n";

fn microk8s() -> Case {
    case("microk8s")
        .kubeconfig(format!("{MICROK8S}    token: c2VjcmV0\n"))
        .reaches("token c2VjcmV0")
}

fn microk8s_v1() -> Case {
    case("microk8s with X.509 v1 client certificates")
        .kubeconfig(format!(
            "{MICROK8S}    client-certificate-data: {{V1_CERT}}\n    client-key-data: {{V1_KEY}}\n"
        ))
        .reaches("certificate of another user")
}

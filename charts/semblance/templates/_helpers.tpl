{{/* Names, labels and security: short, because everything else is in the loops that use them. */}}

{{- define "semblance.fullname" -}}
{{- $name := .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- if contains "semblance" $name }}{{ $name }}{{ else }}{{ $name }}-semblance{{ end -}}
{{- end }}

{{/* (dict "root" $ "component" "training"): what a selector may hold. */}}
{{- define "semblance.selector" -}}
app.kubernetes.io/name: semblance
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "semblance.labels" -}}
{{ include "semblance.selector" . }}
app.kubernetes.io/part-of: semblance
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* Labels of a pod: the selector's, the process's where there is one, and the operator's own. `files`: what it reads from a ConfigMap
     when it starts, so that it starts again when an upgrade changes it. */}}
{{- define "semblance.podMetadata" -}}
labels:
  {{- include "semblance.selector" . | nindent 2 }}
  {{- with .process }}
  semblance.org/process: {{ . }}
  {{- end }}
  {{- with .root.Values.podLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- if or .files .root.Values.podAnnotations }}
annotations:
  {{- with .files }}
  semblance.org/files: {{ sha256sum . }}
  {{- end }}
  {{- with .root.Values.podAnnotations }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "semblance.image" -}}
{{- $i := .root.Values.image -}}
{{- with $i.registry }}{{ . }}/{{ end }}{{ $i.repository }}/{{ .service }}:{{ $i.tag | default .root.Chart.AppVersion }}
{{- with get $i.digests .service }}@{{ . }}{{ end -}}
{{- end }}

{{/* (dict "root" $ "kind" "platform" | "kek" | "service" ["service" "training"]) */}}
{{- define "semblance.secret" -}}
{{- $pattern := get .root.Values.secrets .kind | default (printf "%s-%s" (include "semblance.fullname" .root) (ternary "{service}" .kind (eq .kind "service"))) -}}
{{- $pattern | replace "{service}" (.service | default "") -}}
{{- end }}

{{- define "semblance.publicUrl" -}}
{{- with .Values.publicUrl }}{{ trimSuffix "/" . }}{{ else }}{{ ternary (printf "https://%s" .Values.edge.host) "http://localhost:8080" (ne .Values.edge.kind "none") }}{{ end -}}
{{- end }}

{{/* A Secret whose values stay as they are in the cluster, so that an upgrade keeps them; new ones where there are none.
     (dict "root" $ "component" ... "name" ... "new" {key: <base64>} ["more" {label: ...}]) */}}
{{- define "semblance.keptSecret" -}}
{{- $found := (lookup "v1" "Secret" .root.Release.Namespace .name | default dict).data | default dict -}}
---
apiVersion: v1
kind: Secret
metadata:
  name: {{ .name }}
  labels:
    {{- include "semblance.labels" . | nindent 4 }}
    {{- with .more }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations: {helm.sh/resource-policy: keep}
data:
  {{- range $key, $value := .new }}
  {{ $key }}: {{ get $found $key | default $value }}
  {{- end }}
{{ end }}

{{/* Pod security standard "restricted". `.` is the numeric user and group. */}}
{{- define "semblance.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "semblance.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Services whose pods must be on one node with this one's, because a volume that they share is mounted on one node only; nothing where
     it may be on more, or where the claim is yours and nobody says here what it is. (dict "root" $ "service" "training") */}}
{{- define "semblance.oneNode" -}}
{{- $v := .root.Values -}}
{{- $keyring := and (not $v.keyring.existingClaim) (ne $v.keyring.accessMode "ReadWriteMany") -}}
{{- $erased := and (not $v.erased.existingClaim) (ne $v.erased.accessMode "ReadWriteMany") -}}
{{- $services := list -}}
{{- range $service, $facts := .root.Files.Get "files/services.yaml" | fromYaml -}}
{{- if or (and $keyring (ne $facts.keyring "none")) (and $erased $facts.takes_back) }}{{ $services = append $services $service }}{{ end -}}
{{- end -}}
{{- if not (has .service $services) }}{{ $services = list }}{{ end -}}
{{- if and (not $services) (eq .service "provenance") $v.signing.developmentChain (ne $v.signing.accessMode "ReadWriteMany") }}{{ $services = list "provenance" }}{{ end -}}
{{- with $services }}{{ toJson . }}{{ end -}}
{{- end }}

{{- define "semblance.placement" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What the values cannot say by their schema: stop with a sentence instead of a broken install. */}}
{{- define "semblance.check" -}}
{{- $v := .Values -}}
{{- if and $v.keda.enabled (ne $v.processes "apart") }}{{ fail "keda.enabled needs processes: apart, so that consumers scale without the rest" }}{{ end -}}
{{- if and $v.keda.enabled $v.keda.prometheus (not $v.telemetry.endpoint) }}{{ fail "keda.prometheus needs telemetry.endpoint: how long work waits is told to nobody otherwise" }}{{ end -}}
{{- if and $v.externalSecrets.enabled $v.secrets.generate }}{{ fail "externalSecrets.enabled needs secrets.generate: false: a secret has one source" }}{{ end -}}
{{- if and $v.networkPolicies.enabled (eq $v.database.kind "external") (not $v.database.egressCidrs) }}{{ fail "database.egressCidrs is empty: say which addresses are databases, or nothing reaches them" }}{{ end -}}
{{- if and $v.networkPolicies.enabled (eq $v.kafka.kind "external") (not $v.kafka.egressCidrs) }}{{ fail "kafka.egressCidrs is empty: say which addresses are brokers, or nothing reaches them" }}{{ end -}}
{{- include "semblance.checkReaders" . -}}
{{- include "semblance.checkSettings" . -}}
{{- include "semblance.checkStore" . -}}
{{- if and $v.networkPolicies.enabled (eq $v.objectStore.kind "external") (not $v.objectStore.egressCidrs) }}{{ fail "objectStore.egressCidrs is empty: say which addresses are the store, or nothing reaches it" }}{{ end -}}
{{- if and (eq $v.training.engine "ray") (ne $v.generation.engine "ray") }}{{ fail "training.engine: ray needs generation.engine: ray, whose cluster it learns in" }}{{ end -}}
{{- if eq $v.generation.engine "ray" }}
{{- $groups := list $v.ray.engines }}{{ if eq $v.training.engine "ray" }}{{ $groups = append $groups $v.ray.trainers }}{{ end }}
{{- range $groups }}
{{- if lt (int .max) (int .min) }}{{ fail "ray: a group's max is less than its min" }}{{ end }}
{{- if and $v.networkPolicies.enabled (gt (int .max) (int .min)) (not $v.ray.apiServerCidrs) }}{{ fail "ray.apiServerCidrs is empty: the cluster grows by asking Kubernetes for pods; say where its API is, or let max be min" }}{{ end }}
{{- end }}
{{- $slowest := (.Files.Get "files/services.yaml" | fromYaml).generation.slowest_s }}
{{- if lt (int $v.ray.drainSeconds) (int $slowest) }}{{ fail (printf "ray.drainSeconds is less than the slowest drawing, %v s" $slowest) }}{{ end }}
{{- /* KubeRay cuts longer names of its Services, and nobody would find the head. */}}
{{- if gt (len (printf "%s-head-svc" (include "semblance.rayName" .))) 50 }}{{ fail "the release's name is too long for ray: KubeRay's Service of the head would be called otherwise" }}{{ end }}
{{- end -}}
{{- if and (not $v.secrets.generate) (or (eq $v.database.kind "inChart") (eq $v.kafka.kind "inChart") (ne $v.objectStore.kind "external")) }}{{ fail "secrets.generate: false needs database, kafka and objectStore outside the chart: their administrators' passwords are generated" }}{{ end -}}
{{- end }}

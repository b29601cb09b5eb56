{{/* The Ray cluster's parts. Its pods get the engines' numbers and the cluster's token: no store, no broker, no database, no keys. */}}

{{- define "semblance.rayName" -}}
{{ include "semblance.fullname" . }}-ray
{{- end }}

{{- define "semblance.rayToken" -}}
{{ .Values.ray.tokenSecret | default (include "semblance.rayName" .) }}
{{- end }}

{{/* KubeRay keeps this Service at the head of whichever cluster serves. */}}
{{- define "semblance.rayAddress" -}}
{{ include "semblance.rayName" . }}-head-svc:6379
{{- end }}

{{/* Whether this service's process speaks to the cluster: (dict "root" $ "service" "generation" "process" "work"). */}}
{{- define "semblance.onRay" -}}
{{- $of := get .root.Values .service | default dict -}}
{{- if and (has .service (list "generation" "training")) (eq ($of.engine | default "local") "ray") (has .process (list "all" "work")) }}yes{{ end -}}
{{- end }}

{{/* What every process that speaks to the cluster is told before it imports Ray. */}}
{{- define "semblance.rayEnv" -}}
- {name: RAY_AUTH_MODE, value: token}
- name: RAY_AUTH_TOKEN
  valueFrom: {secretKeyRef: {name: {{ include "semblance.rayToken" . }}, key: auth_token}}
- {name: RAY_USAGE_STATS_ENABLED, value: "0"}
- {name: RAY_ENABLE_AUTO_CONNECT, value: "0"}
- {name: RAY_DISABLE_FAILURE_SIGNAL_HANDLER, value: "1"}
{{- end }}

{{/* Ports of a Ray node that others come to. Fixed, so that a service's own doors stay closed to the cluster. */}}
{{- define "semblance.rayPorts" -}}
node-manager-port: "6700"
object-manager-port: "6701"
dashboard-agent-listen-port: "6702"
dashboard-agent-grpc-port: "6703"
runtime-env-agent-port: "6704"
metrics-export-port: "6705"
min-worker-port: "6710"
max-worker-port: "6799"
{{- end }}

{{/* A node of no CPUs beside a process that works: it is a driver of the cluster, and drivers need a node on their own host. A
     sidecar (an init container that stays), so it is there before and ends after. */}}
{{- define "semblance.rayNode" -}}
name: ray-node
image: {{ include "semblance.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
restartPolicy: Always
command: [ray, start, --block, --num-cpus=0, --num-gpus=0, --disable-usage-stats]
args:
  - --address={{ include "semblance.rayAddress" .root }}
  - --object-store-memory=268435456
  {{- range $name, $value := include "semblance.rayPorts" . | fromYaml }}
  - --{{ $name }}={{ $value }}
  {{- end }}
workingDir: /tmp
env:
  - {name: HOME, value: /tmp}
  {{- include "semblance.rayEnv" .root | nindent 2 }}
{{- /* The first may wait until the cluster itself has come up. */}}
startupProbe: {tcpSocket: {port: 6700}, periodSeconds: 5, failureThreshold: 120, timeoutSeconds: 5}
livenessProbe: {tcpSocket: {port: 6700}, periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5}
resources:
  {{- toYaml .root.Values.ray.node.resources | nindent 2 }}
securityContext:
  {{- include "semblance.containerSecurity" . | nindent 2 }}
volumeMounts:
  - {name: tmp, mountPath: /tmp}
  - {name: shm, mountPath: /dev/shm}
{{- end }}

{{/* Of the engines and of the head, which builds the application: generation's numbers, and none of its doors and keys. */}}
{{- define "semblance.rayEngineEnv" -}}
{{- $v := .Values -}}
{{- $gpus := get $v.ray.engines.resources.limits "nvidia.com/gpu" | default "0" -}}
{{- $set := dict
  "ENGINE" "ray"
  "MODELS_DIR" $v.modelsDir
  "DEVICE" (ternary "cpu" "cuda" (eq $gpus "0"))
  "RAY_REPLICAS_MIN" $v.ray.engines.min
  "RAY_REPLICAS_MAX" $v.ray.engines.max
  "RAY_CPUS" 1
  "RAY_GPUS" $gpus
  "RAY_DRAIN_S" $v.ray.drainSeconds -}}
{{- range $name, $value := $v.services.generation.env }}
{{- $_ := set $set $name $value }}
{{- end }}
{{- range $name, $value := $set }}
- {name: GENERATION_{{ $name }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- end }}

{{/* (dict "root" $ "component" "ray-engines" "service" "generation" "group" .Values.ray.engines "container" "ray-worker" "env" list): a
     pod of the cluster. KubeRay writes its command, from the group's rayStartParams. */}}
{{- define "semblance.rayPod" -}}
{{- $v := .root.Values -}}
metadata:
  {{- include "semblance.podMetadata" . | nindent 2 }}
spec:
  serviceAccountName: {{ include "semblance.rayName" .root }}{{ if .head }}-head{{ end }}
  automountServiceAccountToken: {{ and .head .scales | default false }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add $v.ray.drainSeconds 30 }}
  securityContext:
    {{- include "semblance.podSecurity" 10001 | nindent 4 }}
  {{- include "semblance.placement" (dict "Values" (dict "image" $v.image "nodeSelector" (.group.nodeSelector | default $v.nodeSelector) "tolerations" (.group.tolerations | default $v.tolerations))) | nindent 2 }}
  containers:
    - name: {{ ternary "ray-head" "ray-worker" (.head | default false) }}
      image: {{ include "semblance.image" . }}
      imagePullPolicy: {{ $v.image.pullPolicy }}
      workingDir: /tmp
      env:
        {{- range $key, $value := $v.environment }}
        - {name: {{ $key }}, value: {{ $value | quote }}}
        {{- end }}
        {{- include "semblance.rayEnv" .root | nindent 8 }}
        {{- with .env }}
        {{- . | nindent 8 }}
        {{- end }}
      {{- if .head }}
      ports:
        - {name: gcs-server, containerPort: 6379}
        - {name: dashboard, containerPort: 8265}
        - {name: serve, containerPort: 8000}
      {{- end }}
      {{- /* Ours: KubeRay's own ask with wget, which the images have not, and workers for an HTTP door, which they have not. */}}
      {{- $port := ternary 8265 6700 (.head | default false) }}
      startupProbe: {tcpSocket: {port: {{ $port }}}, periodSeconds: 5, failureThreshold: 120, timeoutSeconds: 5}
      livenessProbe: {tcpSocket: {port: {{ ternary 6379 6700 (.head | default false) }}}, periodSeconds: 10, failureThreshold: 6, timeoutSeconds: 5}
      readinessProbe: {tcpSocket: {port: {{ $port }}}, periodSeconds: 5, failureThreshold: 3, timeoutSeconds: 5}
      {{- if not .head }}
      {{- /* Serve starts an engine elsewhere, and this one finishes what it draws; a training goes on from its last state. */}}
      lifecycle:
        preStop:
          exec: {command: [python, -m, semblance.service_kit.cluster.drain, "{{ $v.ray.drainSeconds }}"]}
      {{- end }}
      resources:
        {{- toYaml .group.resources | nindent 8 }}
      securityContext:
        {{- include "semblance.containerSecurity" .root | nindent 8 }}
      volumeMounts:
        - {name: tmp, mountPath: /tmp}
        - {name: shm, mountPath: /dev/shm}
        {{- with .mounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - {name: tmp, emptyDir: {sizeLimit: 8Gi}}
    - {name: shm, emptyDir: {medium: Memory, sizeLimit: 512Mi}}
    {{- with .volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}

{{/* (dict "group" .Values.ray.engines "resources" {...}) */}}
{{- define "semblance.rayStartParams" -}}
{{- include "semblance.rayPorts" . }}
num-cpus: {{ .cpus | quote }}
object-store-memory: "268435456"
disable-usage-stats: "true"
block: "true"
{{- with .resources }}
resources: {{ printf "'%s'" (toJson .) | quote }}
{{- end }}
{{- end }}

{{/* A service's environment, volumes and containers. Everywhere: (dict "root" $ "service" "training" "facts" {...}). */}}

{{/* How a service reaches Kafka: user, secret, and what its client must know. `outside`: from another namespace, where a short name is
     another's or nobody's. */}}
{{- define "semblance.kafka" -}}
{{- $k := .root.Values.kafka -}}
{{- $name := include "semblance.fullname" .root -}}
{{- if eq $k.kind "strimzi" }}
servers: {{ $name }}-kafka-bootstrap:9093
outside: {{ $name }}-kafka-bootstrap.{{ .root.Release.Namespace }}.svc:9093
protocol: SASL_SSL
mechanism: SCRAM-SHA-512
user: {{ $name }}-kafka-{{ .service }}
secret: {{ $name }}-kafka-{{ .service }}
key: password
ca: {{ $name }}-cluster-ca-cert
{{- else if eq $k.kind "external" }}
servers: {{ $k.bootstrapServers | quote }}
outside: {{ $k.bootstrapServers | quote }}
protocol: {{ $k.securityProtocol }}
mechanism: {{ ternary $k.saslMechanism "" (hasPrefix "SASL" $k.securityProtocol) | quote }}
user: {{ .service }}
secret: {{ include "semblance.secret" (dict "root" .root "kind" "service" "service" .service) }}
key: kafka-password
ca: {{ $k.caSecret | quote }}
{{- else }}
servers: {{ $name }}-kafka:9092
outside: {{ $name }}-kafka.{{ .root.Release.Namespace }}.svc:9092
protocol: SASL_PLAINTEXT
mechanism: SCRAM-SHA-512
user: {{ .service }}
secret: {{ include "semblance.secret" (dict "root" .root "kind" "service" "service" .service) }}
key: kafka-password
ca: ""
{{- end }}
{{- end }}

{{- define "semblance.databaseHost" -}}
{{- $d := .root.Values.database -}}
{{- $name := include "semblance.fullname" .root -}}
{{- if eq $d.kind "external" }}{{ replace "{service}" .service $d.host }}
{{- else if eq $d.kind "cloudnativepg" }}{{ $name }}-db-{{ .service }}-rw
{{- else }}{{ $name }}-postgres-{{ .service }}{{ end -}}
{{- end }}

{{- define "semblance.databaseSecret" -}}
{{- if eq .root.Values.database.kind "cloudnativepg" -}}
name: {{ include "semblance.fullname" .root }}-db-{{ .service }}-app
key: password
{{- else -}}
name: {{ include "semblance.secret" (dict "root" .root "kind" "service" "service" .service) }}
key: database-password
{{- end }}
{{- end }}

{{- define "semblance.storeEndpoint" -}}
{{- $o := .Values.objectStore -}}
{{- if eq $o.kind "external" }}{{ $o.endpoint }}{{ else }}{{ include "semblance.fullname" . }}-store:{{ ternary 9000 8333 (eq $o.kind "minio") }}{{ end -}}
{{- end }}

{{/* What every process is told, a migration too: it loads the service's settings and needs nobody beside the database. */}}
{{- define "semblance.commonEnv" -}}
{{- $v := .root.Values -}}
{{- $p := printf "%s_" (upper .service) -}}
{{- range $key, $value := $v.environment }}
- {name: {{ $key }}, value: {{ $value | quote }}}
{{- end }}
- name: PGPASSWORD
  valueFrom: {secretKeyRef: {{ include "semblance.databaseSecret" . | fromYaml | toJson }}}
{{- /* Each name once: the operator's own wins over these. What semblance.env says after them is not theirs to say (_settings.tpl). */}}
{{- $host := printf "%s:%v" (include "semblance.databaseHost" .) (ternary $v.database.port 5432 (eq $v.database.kind "external")) }}
{{- $tls := ternary (printf "?sslmode=%s" $v.database.sslmode) "" (ne $v.database.kind "inChart") }}
{{- $said := dict "LOG_LEVEL" $v.telemetry.logLevel "DATABASE_URL" (printf "postgresql+psycopg://%s@%s/%s%s" .service $host .service $tls) }}
{{- if not (has .service (list "gateway" "provenance")) }}{{ $_ := set $said "MODELS_DIR" $v.modelsDir }}{{ end }}
{{- with $v.telemetry.endpoint }}
{{- $_ := set $said "OTLP_ENDPOINT" . }}
{{- $_ := set $said "OTLP_INSECURE" ($v.telemetry.insecure | toString) }}
{{- end }}
{{- range $key, $value := (get $v.services .service).env }}{{ $_ := set $said $key $value }}{{ end }}
{{- range $key, $value := $said }}
- {name: {{ $p }}{{ $key }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{- define "semblance.env" -}}
{{- $v := .root.Values -}}
{{- $p := printf "%s_" (upper .service) -}}
{{- $name := include "semblance.fullname" .root -}}
{{- $kafka := include "semblance.kafka" . | fromYaml -}}
{{- $secret := include "semblance.secret" (dict "root" .root "kind" "service" "service" .service) -}}
{{- $platform := include "semblance.secret" (dict "root" .root "kind" "platform") -}}
{{- include "semblance.commonEnv" . }}
- {name: {{ $p }}KAFKA_BOOTSTRAP_SERVERS, value: {{ $kafka.servers | quote }}}
- {name: {{ $p }}KAFKA_SECURITY_PROTOCOL, value: {{ $kafka.protocol }}}
{{- if $kafka.mechanism }}
- {name: {{ $p }}KAFKA_SASL_MECHANISM, value: {{ $kafka.mechanism }}}
- {name: {{ $p }}KAFKA_SASL_USERNAME, value: {{ $kafka.user }}}
- name: {{ $p }}KAFKA_SASL_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ $kafka.secret }}, key: {{ $kafka.key }}}}
{{- end }}
{{- if $kafka.ca }}
- {name: {{ $p }}KAFKA_SSL_CAFILE, value: /kafka-ca/ca.crt}
{{- end }}
{{- if get (.root.Files.Get "files/rights.json" | fromJson) .service }}
- {name: {{ $p }}S3_ENDPOINT, value: {{ include "semblance.storeEndpoint" .root | quote }}}
- {name: {{ $p }}S3_SECURE, value: {{ and (eq $v.objectStore.kind "external") $v.objectStore.secure | quote }}}
- name: {{ $p }}S3_ACCESS_KEY
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: s3-access-key}}
- name: {{ $p }}S3_SECRET_KEY
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: s3-secret-key}}
{{- end }}
{{- if ne .facts.keyring "none" }}
- {name: {{ $p }}KEYRING_DIR, value: /keyring/people}
- {name: {{ $p }}KEYRING_KEK_FILE, value: /keys/kek}
{{- end }}
{{- if eq .facts.keyring "write" }}
- {name: {{ $p }}KEYRING_ERASED_DIR, value: /erased/{{ .service }}}
{{- end }}
{{- if .facts.takes_back }}
- {name: {{ $p }}TAKEN_BACK_DIR, value: /erased/{{ .service }}/taken-back}
{{- end }}
- name: {{ $p }}INTERNAL_TOKEN
  valueFrom: {secretKeyRef: {name: {{ $platform }}, key: internal-token}}
{{- if $v.secrets.internalTokenOther }}
- name: {{ $p }}INTERNAL_TOKEN_OTHER
  valueFrom: {secretKeyRef: {name: {{ $platform }}, key: internal-token-other}}
{{- end }}
{{- if .facts.operators }}
- name: {{ $p }}OPERATOR_TOKENS
  valueFrom: {secretKeyRef: {name: {{ $platform }}, key: operator-tokens, optional: true}}
{{- end }}
{{- range .facts.calls }}
- {name: {{ $p }}{{ upper . }}_ADDRESS, value: "{{ $name }}-{{ . }}:50051"}
{{- end }}
- {name: {{ $p }}HTTP_HOST, value: 0.0.0.0}
- {name: {{ $p }}HTTP_PORT, value: "8080"}
{{- if ne .service "gateway" }}
- {name: {{ $p }}GRPC_HOST, value: 0.0.0.0}
- {name: {{ $p }}GRPC_PORT, value: "50051"}
{{- end }}
- {name: {{ $p }}DRAIN_TIMEOUT_S, value: {{ include "semblance.drain" . | quote }}}
{{- if eq (get $v .service | default dict).engine "ray" }}
- {name: {{ $p }}ENGINE, value: ray}
- {name: {{ $p }}RAY_ADDRESS, value: "{{ include "semblance.rayAddress" .root }}"}
{{- $gpus := get $v.ray.trainers.resources.limits "nvidia.com/gpu" }}
{{- if and (eq .service "training") $gpus }}
- {name: TRAINING_DEVICE, value: cuda}
- {name: TRAINING_RAY_GPUS, value: {{ $gpus | quote }}}
{{- end }}
{{- end }}
{{- if eq .service "gateway" }}
- {name: GATEWAY_PUBLIC_URL, value: {{ include "semblance.publicUrl" .root | quote }}}
- {name: GATEWAY_KEYS_DIR, value: /keys}
{{- with $v.edge.trustedProxies }}
- {name: FORWARDED_ALLOW_IPS, value: {{ join "," . | quote }}}
{{- end }}
{{- else if eq .service "identity" }}
- {name: IDENTITY_RECEIPT_KEY_FILE, value: /keys/erasure-receipts.key}
- {name: IDENTITY_RECEIPT_ISSUER, value: {{ include "semblance.publicUrl" .root | quote }}}
{{- else if eq .service "provenance" }}
- {name: PROVENANCE_SIGNING_DIR, value: {{ ternary "/signing/chain" "/keys" $v.signing.developmentChain }}}
- {name: PROVENANCE_AUDIT_KEY_FILE, value: /keys/audit.key}
{{- if not $v.signing.developmentChain }}
- {name: PROVENANCE_WATERMARK_KEY_FILE, value: /keys/watermark.key}
{{- end }}
{{- with $v.signing.oldWatermarkKeys }}
{{- $old := list }}{{ range . }}{{ $old = append $old (printf "/keys/%s" .) }}{{ end }}
- {name: PROVENANCE_WATERMARK_OLD_KEY_FILES, value: {{ toJson $old | quote }}}
{{- end }}
{{- else if and (eq .service "ingest") $v.objectStore.publicEndpoint }}
- {name: INGEST_S3_PUBLIC_ENDPOINT, value: {{ $v.objectStore.publicEndpoint | quote }}}
{{- end }}
{{- end }}

{{/* Seconds that a process may end its work in: work is interrupted after two thirds of them and given back to the queue. */}}
{{- define "semblance.drain" -}}
{{- $own := get .root.Values.services .service -}}
{{- $own.drainSeconds | default (mul 2 .facts.slowest_s) -}}
{{- end }}

{{/* Key files as the services demand them, mode 600: a mounted Secret is readable by its group. */}}
{{- define "semblance.keysContainer" -}}
name: keys
image: {{ include "semblance.image" . }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
command: [install, -m, "600", -t, /keys]
args:
  {{- if ne .facts.keyring "none" }}
  - /given/kek/kek
  {{- end }}
  {{- range include "semblance.keyFiles" . | fromYamlArray }}
  - /given/own/{{ . }}
  {{- end }}
securityContext:
  {{- include "semblance.containerSecurity" . | nindent 2 }}
resources:
  requests: {cpu: 10m, memory: 16Mi}
  limits: {cpu: 100m, memory: 32Mi}
volumeMounts:
  - {name: keys, mountPath: /keys}
  {{- if ne .facts.keyring "none" }}
  - {name: kek, mountPath: /given/kek, readOnly: true}
  {{- end }}
  {{- if include "semblance.keyFiles" . | fromYamlArray }}
  - {name: own, mountPath: /given/own, readOnly: true}
  {{- end }}
{{- end }}

{{/* Of the Secret of its own. The development chain's folder has its watermark.key beside it, on a volume; otherwise every pod would make
     another one. */}}
{{- define "semblance.keyFiles" -}}
{{- $files := .facts.keys -}}
{{- if eq .service "provenance" -}}
{{- $signing := .root.Values.signing -}}
{{- if not $signing.developmentChain }}{{ $files = concat $files (list "watermark.key" "root.pem" "leaf.pem" "leaf.key") }}{{ end -}}
{{- $files = concat $files $signing.oldWatermarkKeys -}}
{{- end -}}
{{- toYaml $files }}
{{- end }}

{{- define "semblance.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- /* Read only: a key that is missing stops the pod, which would else make one that no other pod has. */}}
- {name: keys, mountPath: /keys, readOnly: true}
{{- if ne .facts.keyring "none" }}
- {name: keyring, mountPath: /keyring, readOnly: {{ ne .facts.keyring "write" }}}
{{- end }}
{{- if .facts.takes_back }}
- {name: erased, mountPath: /erased}
{{- end }}
{{- if and (eq .service "provenance") .root.Values.signing.developmentChain }}
- {name: signing, mountPath: /signing}
{{- end }}
{{- end }}

{{/* Kafka's authority, and what the operator adds. A migration has neither. */}}
{{- define "semblance.commonMounts" -}}
{{- if (include "semblance.kafka" . | fromYaml).ca }}
- {name: kafka-ca, mountPath: /kafka-ca, readOnly: true}
{{- end }}
{{- with (get .root.Values.services .service).extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "semblance.commonVolumes" -}}
- {name: tmp, emptyDir: {sizeLimit: 2Gi}}
{{- with (include "semblance.kafka" . | fromYaml).ca }}
- {name: kafka-ca, secret: {secretName: {{ . }}, items: [{key: ca.crt, path: ca.crt}]}}
{{- end }}
{{- with (get .root.Values.services .service).extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "semblance.volumes" -}}
{{- $v := .root.Values -}}
{{- $name := include "semblance.fullname" .root -}}
- {name: keys, emptyDir: {medium: Memory, sizeLimit: 1Mi}}
{{- if ne .facts.keyring "none" }}
- name: kek
  secret: {secretName: {{ include "semblance.secret" (dict "root" .root "kind" "kek") }}, defaultMode: 0440, items: [{key: kek, path: kek}]}
- {name: keyring, persistentVolumeClaim: {claimName: {{ $v.keyring.existingClaim | default (printf "%s-keyring" $name) }}}}
{{- end }}
{{- if .facts.takes_back }}
- {name: erased, persistentVolumeClaim: {claimName: {{ $v.erased.existingClaim | default (printf "%s-erased" $name) }}}}
{{- end }}
{{- with include "semblance.keyFiles" . | fromYamlArray }}
- name: own
  secret:
    secretName: {{ include "semblance.secret" (dict "root" $.root "kind" "service" "service" $.service) }}
    defaultMode: 0440
    items:
      {{- range . }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end }}
{{- if and (eq .service "provenance") $v.signing.developmentChain }}
- {name: signing, persistentVolumeClaim: {claimName: {{ $name }}-signing}}
{{- end }}
{{- end }}

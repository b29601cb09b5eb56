{{/* Neither programme reads what the other wrote, and both would have the same volume: a change would seem to lose everything. Who wrote
     it is a label of the Secret that is kept as long as the volume is; before that label was, the StatefulSet's command. */}}
{{- define "semblance.checkStore" -}}
{{- $kind := .Values.objectStore.kind -}}
{{- if ne $kind "external" -}}
{{- $name := printf "%s-store" (include "semblance.fullname" .) -}}
{{- $secret := lookup "v1" "Secret" .Release.Namespace (printf "%s-admin" $name) | default dict -}}
{{- $wrote := get (($secret.metadata | default dict).labels | default dict) "semblance.org/store" -}}
{{- with lookup "apps/v1" "StatefulSet" .Release.Namespace $name -}}
{{- $wrote = $wrote | default (ternary "minio" "seaweedfs" (eq (first (first .spec.template.spec.containers).command) "minio")) -}}
{{- end -}}
{{- if and $wrote (ne $wrote $kind) -}}
{{- fail (printf "objectStore.kind: the volume data-%s-0 is %s's, and %s would find nothing on it. Keep objectStore.kind: %s; %s is for a new release. To move what there is: stop the services, copy every bucket out (mc mirror), delete the StatefulSet %s and that claim, `kubectl label secret %s-admin semblance.org/store-`, upgrade, and copy back" $name $wrote $kind $wrote $kind $name $name) -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The scripts, and every user's name and password as files. */}}
{{- define "semblance.storeVolumes" -}}
{{- $name := include "semblance.fullname" . -}}
- {name: config, configMap: {name: {{ $name }}-store}}
- name: users
  projected:
    defaultMode: 0440
    sources:
      - secret: {name: {{ $name }}-store-admin, items: [{key: user, path: admin/user}, {key: password, path: admin/password}]}
      {{- range $service, $of := .Files.Get "files/rights.json" | fromJson }}
      - secret: {name: {{ include "semblance.secret" (dict "root" $ "kind" "service" "service" $service) }}, items: [{key: s3-access-key, path: {{ $service }}/user}, {key: s3-secret-key, path: {{ $service }}/password}]}
      {{- end }}
{{- end }}

{{/* A service's rights {bucket: [Read, Write, List]} as an S3 policy. Removing all versions of a key lists them first. */}}
{{- define "semblance.s3Policy" -}}
{{- $words := dict
  "Read" (list "s3:GetObject" "s3:GetObjectVersion")
  "Write" (list "s3:PutObject" "s3:DeleteObject" "s3:DeleteObjectVersion" "s3:AbortMultipartUpload") -}}
Version: "2012-10-17"
Statement:
  {{- range $bucket, $rights := . }}
  {{- $actions := list }}
  {{- range $rights }}{{ $actions = concat $actions (get $words . | default list) }}{{ end }}
  - {Effect: Allow, Action: {{ toJson $actions }}, Resource: ["arn:aws:s3:::{{ $bucket }}/*"]}
  {{- if has "List" $rights }}
  - {Effect: Allow, Action: ["s3:ListBucket", "s3:ListBucketVersions"], Resource: ["arn:aws:s3:::{{ $bucket }}"]}
  {{- end }}
  {{- end }}
{{- end }}

{{- define "semblance.buckets" -}}
{{- $buckets := list -}}
{{- range .Files.Get "files/rights.json" | fromJson }}{{ $buckets = concat $buckets (keys .) }}{{ end -}}
{{- $buckets | uniq | sortAlpha | toYaml }}
{{- end }}

{{/* SeaweedFS reads its users and their rights when it starts. */}}
{{- define "semblance.seaweedStart" -}}
{{- $rights := .Files.Get "files/rights.json" | fromJson -}}
{{- $buckets := include "semblance.buckets" . | fromYamlArray -}}
start.sh: |
  set -eu
  umask 077
  user() { printf '{"name":"%s","credentials":[{"accessKey":"%s","secretKey":"%s"}],"actions":%s}' "$1" "$(cat "/users/$1/user")" "$(cat "/users/$1/password")" "$2"; }
  {
    printf '{"identities":['
    user admin '["Admin","Read","Write","List","Tagging"]'
    {{- range $service, $of := $rights }}
    {{- $actions := list }}
    {{- range $bucket, $words := $of }}{{ range $words }}{{ $actions = append $actions (printf "%s:%s" . $bucket) }}{{ end }}{{ end }}
    printf ,; user {{ $service }} '{{ toJson $actions }}'
    {{- end }}
    printf ']}'
  } > /tmp/identities.json
  export AWS_ACCESS_KEY_ID="$(cat /users/admin/user)" AWS_SECRET_ACCESS_KEY="$(cat /users/admin/password)"
  exec weed -logtostderr=true mini -dir=/data -ip=127.0.0.1 -ip.bind=0.0.0.0 -admin.ui=false -webdav=false \
    -s3.port.iceberg=0 -s3.port.lance=0 -s3.port=8333 -s3.config=/tmp/identities.json -bucket={{ join "," $buckets }}
{{- end }}

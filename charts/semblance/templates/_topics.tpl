{{/* What a service may read and write: its topics, the consents that every process follows, its dead letters. It may not put dead
     letters back: whoever may write a topic it only reads could write, say, consents. A replay takes an administrator's user.
     It must see that its neighbours' dead-letter topics are there: a service makes at its start what it does not see.
     (dict "topics" [...] "service" "training") */}}
{{- define "semblance.topicRights" -}}
{{- $reads := list "identity.consent.v1" -}}
{{- $writes := list -}}
{{- $sees := list -}}
{{- range .topics -}}
{{- if has $.service .consumers -}}
{{- $reads = append $reads .name -}}
{{- if .dead_letters -}}
{{- $dead := printf "%s.%s.dlq" .name $.service -}}
{{- $reads = append $reads $dead -}}
{{- $writes = append $writes $dead -}}
{{- end -}}
{{- end -}}
{{- if and .dead_letters (or (has $.service .producers) (has $.service .consumers)) -}}
{{- $topic := .name -}}
{{- range .consumers }}{{ $sees = append $sees (printf "%s.%s.dlq" $topic .) }}{{ end -}}
{{- end -}}
{{- if has $.service .producers }}{{ $writes = append $writes .name }}{{ end -}}
{{- end -}}
reads: {{ $reads | uniq | toJson }}
writes: {{ $writes | uniq | toJson }}
sees: {{ $sees | uniq | toJson }}
{{- end }}

{{/* Another team's user: (dict "root" $ "reader" {...}). The Secret, and with Strimzi the user itself, is called so. */}}
{{- define "semblance.readerName" -}}
{{ include "semblance.fullname" .root }}-kafka-reader-{{ .reader.name }}
{{- end }}

{{/* They read what is contracted: no dead letters, which hold records whole. And they are none of ours, nor begin like one: a name is
     also the prefix of the groups it may use. */}}
{{- define "semblance.checkReaders" -}}
{{- $ours := append (keys (.Files.Get "files/services.yaml" | fromYaml)) "admin" -}}
{{- $known := list }}{{ range .Files.Get "files/topics.json" | fromJsonArray }}{{ $known = append $known .name }}{{ end -}}
{{- range .Values.kafka.readers -}}
{{- if eq $.Values.kafka.kind "external" }}{{ fail "kafka.readers: users of a Kafka of yours are yours to make" }}{{ end -}}
{{- if has .name $ours }}{{ fail (printf "kafka.readers: %s is taken" .name) }}{{ end -}}
{{- $ours = append $ours .name -}}
{{- $reader := .name -}}
{{- range .topics }}{{ if not (has . $known) }}{{ fail (printf "kafka.readers: %s names the topic %s, which files/topics.json does not know" $reader .) }}{{ end }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "semblance.readersNamespaces" -}}
{{- $found := list }}{{ range .Values.kafka.readers }}{{ $found = concat $found (.namespaces | default list) }}{{ end -}}
{{- $found | uniq | sortAlpha | toYaml }}
{{- end }}

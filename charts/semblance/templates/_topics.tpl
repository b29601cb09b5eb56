{{/* What a service may read and write: its topics, the consents that every process follows, its dead letters. It may not put dead
     letters back: whoever may write a topic it only reads could write, say, consents. A replay takes an administrator's user.
     (dict "topics" [...] "service" "training") */}}
{{- define "semblance.topicRights" -}}
{{- $reads := list "identity.consent.v1" -}}
{{- $writes := list -}}
{{- range .topics -}}
{{- if has $.service .consumers -}}
{{- $reads = append $reads .name -}}
{{- if .dead_letters -}}
{{- $dead := printf "%s.%s.dlq" .name $.service -}}
{{- $reads = append $reads $dead -}}
{{- $writes = append $writes $dead -}}
{{- end -}}
{{- end -}}
{{- if has $.service .producers }}{{ $writes = append $writes .name }}{{ end -}}
{{- end -}}
reads: {{ $reads | uniq | toJson }}
writes: {{ $writes | uniq | toJson }}
{{- end }}

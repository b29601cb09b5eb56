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

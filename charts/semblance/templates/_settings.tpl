{{/* A process ignores a setting that it does not know, so a misspelt one would leave the default in force and nobody would hear of it.
     files/settings.json has the names that each service's settings.py reads, and under `every` those of them all. */}}
{{- define "semblance.checkSettings" -}}
{{- $root := . -}}
{{- $known := .Files.Get "files/settings.json" | fromJson -}}
{{- $values := .Values -}}
{{- range $service, $facts := .Files.Get "files/services.yaml" | fromYaml -}}
{{- $names := concat (get $known $service) $known.every -}}
{{- $prefix := printf "%s_" (upper $service) -}}
{{- range $name, $value := (get $values.services $service).env -}}
{{- if not (has $name $names) -}}
{{- $near := include "semblance.nearNames" (dict "name" (trimPrefix $prefix $name) "names" $names) -}}
{{- fail (printf "services.%s.env: %s has no setting %s%s. Names are without the prefix %s; all are in files/settings.json. What a library reads, such as OMP_NUM_THREADS, goes into `environment`." $service $service $name $near $prefix) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := $values.environment -}}
{{- if and (hasPrefix $prefix $name) (not (has (trimPrefix $prefix $name) $names)) -}}
{{- fail (printf "environment: %s has no setting %s%s. All are in files/settings.json; a service's own are better said in services.%s.env, without %s" $service (trimPrefix $prefix $name) (include "semblance.nearNames" (dict "name" (trimPrefix $prefix $name) "names" $names)) $service $prefix) -}}
{{- end -}}
{{- end -}}
{{- $said := dict -}}
{{- range include "semblance.env" (dict "root" $root "service" $service "facts" $facts) | fromYamlArray -}}
{{- if hasKey $said .name }}{{ fail (printf "services.%s.env, or environment: the chart says %s itself, from other values, and that would win; say it there" $service .name) }}{{ end -}}
{{- $_ := set $said .name true -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* (dict "name" "OTHER_TRESHOLD" "names" [...]): ": near it are OTHER_THRESHOLD", those that begin as it does for longest; or nothing. */}}
{{- define "semblance.nearNames" -}}
{{- $near := list -}}
{{- range $cut := until (len .name) -}}
{{- $begin := trunc (sub (len $.name) $cut | int) $.name -}}
{{- if not $near -}}
{{- range $.names }}{{ if hasPrefix $begin . }}{{ $near = append $near . }}{{ end }}{{ end -}}
{{- end -}}
{{- end -}}
{{- with $near }}; near it {{ ternary "is" "are" (eq (len .) 1) }} {{ slice . 0 (min 5 (len .)) | join ", " }}{{ end -}}
{{- end }}

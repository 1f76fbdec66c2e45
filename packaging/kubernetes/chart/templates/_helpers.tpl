{{- define "berth.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* What every role has in its environment by config map: "" where the operator makes it, or nobody. */}}
{{- define "berth.environment" -}}
{{- with .Values.proxy.httpProxy }}
HTTP_PROXY: {{ quote . }}
{{- end }}
{{- with .Values.proxy.httpsProxy }}
HTTPS_PROXY: {{ quote . }}
{{- end }}
{{- with .Values.proxy.noProxy }}
NO_PROXY: {{ quote . }}
{{- end }}
{{- if .Values.certificateAuthority.configMap }}
NODE_EXTRA_CA_CERTS: /etc/berth-authority/{{ .Values.certificateAuthority.key }}
{{- end }}
{{- range $name, $value := .Values.environment }}
{{ $name }}: {{ quote $value }}
{{- end }}
{{- end }}

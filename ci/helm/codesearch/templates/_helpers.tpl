{{- define "codesearch.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "codesearch.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "codesearch.labels" -}}
{{ include "codesearch.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "codesearch.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- /* What every pod of the chart has; `key` is the one of the Secret with the URL of the database. */ -}}
{{- define "codesearch.pod" -}}
automountServiceAccountToken: false
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
volumes:
  - name: tmp
    emptyDir: {}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "codesearch.container" -}}
image: {{ include "codesearch.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
env:
  - name: CODESEARCH_DATABASE
    valueFrom:
      secretKeyRef:
        name: {{ required "database.existingSecret: name a Secret with the URL of the database" .root.Values.database.existingSecret }}
        key: {{ .key }}
  {{- with .replicas }}
  - name: CODESEARCH_REPLICAS
    valueFrom:
      secretKeyRef:
        name: {{ $.root.Values.database.existingSecret }}
        key: {{ . }}
  {{- end }}
  {{- with .vectors }}
  - name: CODESEARCH_VECTORS
    valueFrom:
      secretKeyRef:
        name: {{ $.root.Values.database.existingSecret }}
        key: {{ . }}
  {{- end }}
  - name: HOME
    value: /tmp
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: tmp
    mountPath: /tmp
resources:
  {{- toYaml .root.Values.resources | nindent 2 }}
{{- end }}

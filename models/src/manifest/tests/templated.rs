use super::*;
use crate::manifest::files::Manifests;

fn problems(file: &str, text: &str) -> Diagnostics {
    Manifests::read(&[(file, text)]).problems().clone()
}

#[test]
fn templates_of_helm_are_one_problem() {
    let texts = [
        "kind: Sensor\nmetadata:\n  name: {{ .Values.name }}\n",
        "kind: Sensor\nmetadata:\n  name: \"{{ .Release.Name }}-x\"\n",
        "{{- if .Values.enabled }}\nkind: Sensor\n{{- end }}\n",
        "kind: Sensor\nmetadata:\n  {{- include \"shop.labels\" . | nindent 4 }}\n",
        "kind: Sensor\n{{ if $x }}\na: b\n{{ end }}\n",
        "{{/* a comment */}}\nkind: [\n",
        "kind: Sensor\nargs: [\"{{ `{{workflow.name}}` }}\"]\n",
        "kind: Sensor\nx: {{ toYaml .Values.x | nindent 2 }}\n---\nkind: [\n",
    ];
    for text in texts {
        let found = problems("charts/shop/templates/sensor.yaml", text);
        assert_eq!(found.len(), 1, "{text}\n{found}");
        let problem = found.iter().next().unwrap();
        assert_eq!(problem.code, Some("helm-template"), "{text}");
    }
}

#[test]
fn the_placeholders_of_argo_are_no_helm() {
    let texts = [
        "a: \"{{workflow.name}}\"\nb: '{{inputs.parameters.x}}'\nc: \"{{item}}\"\nd: \"{{=sprig.trim(x)}}\"\n",
        "dataTemplate: \"{{ .Input.body.id }}\"\ntemplate: \"{{ b64dec .Input }}\"\n",
        "dataTemplate: |\n  {{- if .Input.a }}\n  x\n  {{- end }}\n",
        "# {{ .Values.name }}\na: 1\n",
        "a: {b: {c: 1}}\n",
        "when: \"{{tasks.a.outputs.result}} == 1\"\n",
        "withParam: \"{{steps.template.outputs.result}}\"\n",
    ];
    for text in texts {
        let found = problems("f.yaml", text);
        assert!(found.is_empty(), "{text}\n{found}");
    }
    // Broken for another reason.
    let found = problems("f.yaml", "a: \"{{workflow.name}}\"\nb: [\n");
    assert_eq!(found.iter().next().unwrap().code, Some("bad-yaml"));
}

#[test]
fn the_chart_is_guessed_from_the_path() {
    let hint = |file: &str| {
        let found = problems(file, "a: {{ .Values.x }}\n");
        found.iter().next().unwrap().hint.clone().unwrap()
    };
    let expected = [
        ("charts/shop/templates/sensor.yaml", "charts/shop"),
        ("charts/shop/templates/web/sensor.yaml", "charts/shop"),
        ("/a b/templates/sensor.yaml", "'/a b'"),
        ("templates/sensor.yaml", "."),
        ("sensor.yaml", "CHART"),
    ];
    for (file, chart) in expected {
        assert_eq!(hint(file), format!("`helm template RELEASE {chart} | surgetank check -`"));
    }
}

#[test]
fn a_kustomization_is_a_note_and_does_not_stop_the_rest() {
    let list = "resources: [sensor.yaml]\n";
    let sensor = "kind: EventSource\nmetadata: {name: e}\nspec: {webhook: {x: {endpoint: /x}}}\n";
    let files = [("k8s/kustomization.yaml", list), ("k8s/sensor.yaml", sensor)];
    let import = imported(&files, Reading::Deployed);
    assert_eq!(sources(&import.spec).len(), 1);
    insta::assert_snapshot!(import.findings);
    let by_kind =
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a]\n";
    assert_eq!(codes(&of(by_kind, Reading::Deployed)), ["kustomization", "no-source"]);
}

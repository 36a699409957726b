#!/usr/bin/env bash
# A parameter's value with a quote or a space in it is cut there by `sam deploy`, and what is left is deployed.
#
# Versions: aws-sam-cli 1.170.0 (PyPI).
#
# Guess, written down first: `--parameter-overrides 'Caps={"USD":"25.00"}'` is one word to the shell, so the command line
# hands everything behind the first `=` to CloudFormation, or says that it cannot.
#
# Seen: CloudFormation is asked for `Caps` = `{`, and for `Note` = `two` where 'Note=two words' was given. There is no
# warning: the summary shows what is left, and the deployment goes on. The form `ParameterKey=Caps,ParameterValue=…` cuts at the same places. What arrives
# whole is the value in double quotes of its own, each quote inside it behind a backslash: 'Caps="{\"USD\":\"25.00\"}"'.
#
# Matters to: every stack with a parameter that holds JSON, a sentence or a list with spaces. `{` is no JSON, but `two` is a note: a
# pattern in the template (`AllowedPattern`) is what refuses the first; nothing refuses the second.
#
# Fails if any of the values arrives otherwise.
set -euo pipefail

folder=$(mktemp -d)
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check aws-sam-cli==1.170.0
"$folder/venv/bin/sam" --version

cat >"$folder/template.yaml" <<'YAML'
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Caps: { Type: String }
  Note: { Type: String }
Resources:
  Topic: { Type: AWS::SNS::Topic }
YAML

# Stands in for CloudFormation: there is no stack yet, and the parameters of the change set are what is looked at.
cat >"$folder/cloudformation.py" <<'PYTHON'
import http.server
import sys
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        what = "Stack with id example does not exist"
        if form["Action"] == ["CreateChangeSet"]:
            what = "seen"
            names = [name for name in form if name.endswith(".ParameterKey")]
            for name in sorted(names, key=lambda name: form[name]):
                value = form.get(name.replace("ParameterKey", "ParameterValue"), [""])
                with open(sys.argv[1], "a", encoding="utf-8") as seen:
                    seen.write(f"{form[name][0]} = {value[0]}\n")
        body = f"<ErrorResponse><Error><Code>ValidationError</Code><Message>{what}</Message></Error></ErrorResponse>"
        self.send_response(400)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
PYTHON
python3 "$folder/cloudformation.py" "$folder/seen" >"$folder/port" &
server=$!
until [[ -s $folder/port ]]; do sleep 0.1; done

deploy() {
    : >"$folder/seen"
    AWS_ENDPOINT_URL_CLOUDFORMATION=http://127.0.0.1:$(<"$folder/port") AWS_ACCESS_KEY_ID=example AWS_SECRET_ACCESS_KEY=example \
        AWS_MAX_ATTEMPTS=1 SAM_CLI_TELEMETRY=0 "$folder/venv/bin/sam" deploy --template-file "$folder/template.yaml" --stack-name example \
        --region us-east-1 --no-confirm-changeset --no-progressbar --parameter-overrides "$@" >"$folder/out" 2>&1 || true
    printf '%s\n' "$*" | sed 's/^/given:   /'
    sed 's/^/arrives: /' "$folder/seen"
}

holds() {
    if [[ $(<"$folder/seen") != "$1" ]]; then
        printf 'changed, expected:\n%s\n' "$1" >&2
        tail -n 20 "$folder/out" >&2
        exit 1
    fi
}

deploy 'Caps={"USD":"25.00"}' 'Note=two words'
holds $'Caps = {\nNote = two'
grep -q 'Parameter overrides.*{"Caps": "{", "Note": "two"}' "$folder/out"

deploy 'ParameterKey=Caps,ParameterValue={"USD":"25.00"}' 'ParameterKey=Note,ParameterValue=two words'
holds $'Caps = {\nNote = two'

deploy 'Caps="{\"USD\":\"25.00\"}"' 'Note="two words"'
holds $'Caps = {"USD":"25.00"}\nNote = two words'

echo "as described"

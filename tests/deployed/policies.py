"""Whether the CDK deploys what SAM deploys: `policies.py TEMPLATE SYNTHESIZED`.

Both templates go through SAM's own transform, with a bucket in the place of the code. Whatever says who may do what has to be
the same in both: roles, permissions to invoke, resource policies, and the functions with what wakes them. The CDK only
uploads the code.
"""

import json
import sys

import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

# What the CDK adds to a stack, and what differs by where the code lies.
OWN = {"CDKMetadata"}


def read(path):
    with open(path) as file:
        text = file.read()
    return json.loads(text) if path.endswith(".json") else yaml_parse(text)


def plain(value):
    """Both spellings of GetAtt and Sub as one, and lists of one as what they hold."""
    if isinstance(value, dict):
        if set(value) == {"Fn::GetAtt"} and isinstance(value["Fn::GetAtt"], str):
            return {"Fn::GetAtt": value["Fn::GetAtt"].split(".", 1)}
        return {name: plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return plain(value[0]) if len(value) == 1 else [plain(inner) for inner in value]
    return value


def transformed(template):
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = {"Bucket": "code", "Key": "code"}
    template = Translator({}, Parser()).translate(template, {})
    return {
        name: plain({"Type": resource["Type"], "Properties": resource.get("Properties", {})})
        for name, resource in template["Resources"].items()
        if name not in OWN
    }


def main(own, synthesized):
    ours, theirs = transformed(read(own)), transformed(read(synthesized))
    wrong = [f"only with SAM: {name}" for name in ours.keys() - theirs.keys()]
    wrong += [f"only with the CDK: {name}" for name in theirs.keys() - ours.keys()]
    for name in ours.keys() & theirs.keys():
        if ours[name] != theirs[name]:
            shown = [yaml.safe_dump(json.loads(json.dumps(one))) for one in (ours[name], theirs[name])]
            wrong.append(f"{name} is not the same\n--- SAM\n{shown[0]}--- CDK\n{shown[1]}")
    if wrong:
        sys.exit("\n".join(sorted(wrong)))
    roles = sum(resource["Type"] == "AWS::IAM::Role" for resource in ours.values())
    print(f"SAM and the CDK deploy the same {len(ours)} resources, {roles} roles with their policies among them")


if __name__ == "__main__":
    main(*sys.argv[1:])

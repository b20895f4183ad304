// What @cloud-copilot/iam-simulate is asked for a case in the format of `passrole decide --jsonl`, and what it answers.
//
// Its public functions alone are called. runSimulation drops every context key that the action is not documented
// to have; a case whose keys it drops is another question than was asked, so that is an error here.

import { anonymousPrincipal } from '@cloud-copilot/iam-simulate'

const DECISIONS = {
  Allowed: 'allowed',
  ExplicitlyDenied: 'explicit_deny',
  ImplicitlyDenied: 'implicit_deny'
}

/** Documents with names, as the library takes them. */
const named = (documents = []) =>
  documents.map((policy, index) => ({ name: `policy-${index}`, policy }))

/** Organization policies, one entry a level. */
const levels = (list = []) =>
  list.map((documents, index) => ({ orgIdentifier: `level-${index}`, policies: named(documents) }))

/** Several session policies are a union, so one document of all their statements says the same. */
function union(documents = []) {
  if (documents.length === 0) return undefined
  const versions = new Set(documents.map((document) => document.Version))
  if (versions.size > 1) throw new Error('session policies of several versions')
  return { ...documents[0], Statement: documents.flatMap((document) => document.Statement) }
}

/** The library's simulation of one case. */
export function simulation(given) {
  const { request } = given
  if (request.role_arn) throw new Error('the path of a session\'s role cannot be told')
  const account = request.principal.startsWith('arn:') ? request.principal.split(':')[4] : undefined
  return {
    request: {
      principal: request.principal === '*' ? anonymousPrincipal : request.principal,
      action: request.action,
      resource: {
        resource: request.resource,
        accountId: request.resource_account ?? account ?? '111111111111'
      },
      contextVariables: request.context ?? {}
    },
    sessionPolicy: union(given.session_policies),
    identityPolicies: named(given.identity_policies),
    serviceControlPolicies: levels(given.scps),
    resourceControlPolicies: levels(given.rcps),
    resourcePolicy: given.resource_policy ?? undefined,
    permissionBoundaryPolicies: given.permission_boundaries?.length
      ? named(given.permission_boundaries)
      : undefined,
    vpcEndpointPolicies: given.vpc_endpoint_policy ? named([given.vpc_endpoint_policy]) : undefined
  }
}

/** The decision that a result of the library means. */
export function verdict(result) {
  if (result.resultType === 'error') return { error: JSON.stringify(result.errors) }
  const parts = result.resultType === 'single' ? [result.result] : result.results
  const ignored = parts.flatMap((part) => part.ignoredContextKeys ?? [])
  if (ignored.length) return { error: `context keys are dropped: ${ignored}` }
  return { decision: DECISIONS[result.overallResult] ?? `unknown: ${result.overallResult}` }
}

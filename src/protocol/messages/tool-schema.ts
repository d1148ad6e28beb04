import { isRecord } from '../../kit/json.ts'
import { recordsIn } from '../value.ts'

const UNIONS = ['anyOf', 'oneOf', 'allOf'] as const

/**
 * A tool's parameters as Anthropic takes them: an object at the root. A root anyOf, oneOf or allOf is merged into one
 * object; what each branch required is not required of all, but of allOf it is.
 */
export function toolSchema(parameters: Record<string, unknown>): Record<string, unknown> {
  const union = UNIONS.find((key) => Array.isArray(parameters[key]))
  if (union === undefined) {
    if (parameters.type === 'object') return parameters
    return { properties: {}, ...parameters, type: 'object' }
  }
  const { [union]: branches, ...rest } = parameters
  const properties: Record<string, unknown> = {
    ...(isRecord(rest.properties) ? rest.properties : {}),
  }
  const required = new Set<unknown>(Array.isArray(rest.required) ? rest.required : [])
  for (const branch of recordsIn(branches).map(toolSchema)) {
    if (isRecord(branch.properties)) Object.assign(properties, branch.properties)
    if (union === 'allOf' && Array.isArray(branch.required)) {
      for (const name of branch.required) required.add(name)
    }
  }
  const merged: Record<string, unknown> = { ...rest, type: 'object', properties }
  if (required.size > 0) merged.required = [...required]
  return UNIONS.some((key) => Array.isArray(merged[key])) ? toolSchema(merged) : merged
}

/** Whether `toolSchema` changed what a tool accepts. */
export function hasRootUnion(parameters: Record<string, unknown>): boolean {
  return UNIONS.some((key) => Array.isArray(parameters[key]))
}

import type { Static, TSchema } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler, type ValueError } from '@sinclair/typebox/compiler'
import { ProxyError } from '../kit/error.ts'

/** How much of a wrong value an error shows, characters. */
const SHOWN = 60

/**
 * A check of a body against its wire schema, compiled when the first body comes: compiling costs as much as a start may.
 * @throws ProxyError invalid_request that names the field
 */
export function checker<Schema extends TSchema>(schema: Schema): (body: unknown) => Static<Schema> {
  let compiled: TypeCheck<Schema> | undefined
  return (body) => {
    compiled ??= TypeCompiler.Compile(schema)
    if (compiled.Check(body)) return body
    const error = deepest(compiled.Errors(body).First())
    const field = (error?.path ?? '').slice(1).replaceAll('/', '.')
    const said = JSON.stringify(error?.value) ?? 'nothing'
    const shown = said.length > SHOWN ? `${said.slice(0, SHOWN)}…` : said
    throw invalidField(field === '' ? 'body' : field, `${shown} is not allowed there`)
  }
}

/** An error of a union says only that no variant fits: the variant that went deepest was meant. */
function deepest(error: ValueError | undefined): ValueError | undefined {
  if (error === undefined) return undefined
  let found = error
  for (const variant of error.errors) {
    const inner = deepest(variant.First())
    if (inner !== undefined && inner.path.length > found.path.length) found = inner
  }
  return found
}

/** A 400 that names the field which cannot be translated. */
export function invalidField(field: string, detail: string): ProxyError {
  return new ProxyError('invalid_request', `Cannot translate "${field}": ${detail}`, { field })
}

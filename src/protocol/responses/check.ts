import { TypeCompiler } from '@sinclair/typebox/compiler'
import { ProxyError } from '../../kit/error.ts'
import { ResponsesRequest } from './schema.ts'

const checker = TypeCompiler.Compile(ResponsesRequest)

/**
 * The body as a Responses request.
 * @throws ProxyError invalid_request that names the field
 */
export function checkRequest(body: unknown): ResponsesRequest {
  if (checker.Check(body)) return body
  const first = checker.Errors(body).First()
  const field = (first?.path ?? '').slice(1).replaceAll('/', '.')
  throw invalidField(field === '' ? 'body' : field, first?.message ?? 'it has the wrong shape')
}

/** A 400 that names the field which cannot be translated. */
export function invalidField(field: string, detail: string): ProxyError {
  return new ProxyError('invalid_request', `Cannot translate "${field}": ${detail}`, { field })
}

import { ProxyError } from '../../kit/error.ts'

/** The error for a call whose arguments never became a JSON object. */
export function brokenInput(): ProxyError {
  return new ProxyError(
    'upstream_protocol',
    'Upstream sent tool arguments that are not a JSON object: try again',
  )
}

import { ProxyError } from './error.ts'

/** The error of whoever comes, or still runs, when ccproxy ends: nobody's fault, so no upstream is counted for it. */
export class ShuttingDown extends ProxyError {
  constructor(headers: Readonly<Record<string, string>> = {}) {
    super('unavailable', 'ccproxy is shutting down: send the request again', { headers })
  }
}

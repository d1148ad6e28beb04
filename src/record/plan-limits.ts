const PREFIX = 'anthropic-ratelimit-unified-'
const STATUS = `${PREFIX}status`

/** What a plan login's answer says of its limits, by what follows the headers' common prefix. @see wire.md 1.7 */
export function readPlanLimits(headers: Headers): Readonly<Record<string, string>> | undefined {
  // One look where there are none, which is every answer to an API key.
  if (!headers.has(STATUS)) return undefined
  const limits: Record<string, string> = {}
  headers.forEach((value, name) => {
    if (name.startsWith(PREFIX)) limits[name.slice(PREFIX.length)] = value
  })
  return limits
}

import { messageOf, ProxyError } from '../kit/error.ts'
import { isRecord, parseJson } from '../kit/json.ts'

/** A release as a page of releases names it. */
export interface Release {
  readonly version: string
  /** Where a person reads of it. */
  readonly url: string | undefined
}

const TIMEOUT_MS = 5000
const VERSION = /^v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)(?:\+[0-9A-Za-z.-]+)?$/

/**
 * The newest release that an address knows: one release or a list of them as GitHub, Gitea and Forgejo give them, or a
 * text that is the version alone. Drafts and versions before a release count for nothing.
 */
export async function newestRelease(url: string, version: string): Promise<Release> {
  const text = await textAt(url, version)
  const json = parseJson(text)
  const entries = Array.isArray(json) ? json : [isRecord(json) ? json : { tag_name: text.trim() }]
  const releases = entries.flatMap(readRelease)
  const [newest] = releases.sort((a, b) => Bun.semver.order(b.version, a.version))
  if (newest !== undefined) return newest
  throw new ProxyError(
    'upstream_protocol',
    `"${url}" names no release: set CCPROXY_RELEASES_URL to an address that does`,
  )
}

function readRelease(entry: unknown): Release[] {
  if (!isRecord(entry) || entry.draft === true || entry.prerelease === true) return []
  const { tag_name: tag, html_url: page } = entry
  const version = typeof tag === 'string' ? VERSION.exec(tag)?.[1] : undefined
  if (version === undefined) return []
  return [{ version, url: typeof page === 'string' ? page : undefined }]
}

async function textAt(url: string, version: string): Promise<string> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json', 'user-agent': `ccproxy/${version}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!response.ok) throw new Error(`it answers with ${response.status}`)
    return await response.text()
  } catch (error) {
    const text = `Cannot ask "${url}" for releases: ${messageOf(error)}`
    throw new ProxyError('upstream_unreachable', text, { cause: error })
  }
}

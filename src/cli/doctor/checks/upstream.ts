import { readFileSync } from 'node:fs'
import { messageOf } from '../../../kit/error.ts'
import { type CheckGroup, type Finding, fail, fine, warn } from '../check.ts'
import { type DoctorWorld, isDemo } from '../doctor-world.ts'

const PROXIES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'] as const
const SLIGHT_MS = 30_000
/** Signatures and tokens are refused by then. */
const GRAVE_MS = 5 * 60_000

/** The way to the upstreams. */
export const UPSTREAM: CheckGroup = {
  title: 'Upstreams',
  checks: [
    { name: 'proxy', cheap: true, run: async (world) => proxies(world) },
    { name: 'ca', cheap: true, run: async (world) => certificates(world) },
    { name: 'upstream', cheap: false, run: reachable },
    { name: 'clock', cheap: false, run: clock },
  ],
}

function proxies({ context: { env } }: DoctorWorld): Finding[] {
  return PROXIES.flatMap((name) => {
    const value = env[name] || env[name.toLowerCase()]
    if (!value) return []
    const url = URL.canParse(value) ? new URL(value) : undefined
    const shown = env[name] ? name : name.toLowerCase()
    if (url !== undefined && /^https?:$/.test(url.protocol) && url.host !== '') {
      return fine(`Upstreams are reached through ${shown} (${url.host})`)
    }
    const fix = `write it as http://host:port, or unset ${shown}`
    return fail(`${shown} is no address of an HTTP proxy`, fix)
  })
}

function certificates({ context: { env } }: DoctorWorld): Finding[] {
  const path = env.NODE_EXTRA_CA_CERTS
  if (!path) return []
  const fix = 'point NODE_EXTRA_CA_CERTS at a PEM file, or unset it'
  try {
    const count = readFileSync(path, 'utf8').split('-----BEGIN CERTIFICATE-----').length - 1
    if (count === 0) return fail(`NODE_EXTRA_CA_CERTS (${path}) holds no certificate`, fix)
    return fine(`NODE_EXTRA_CA_CERTS adds ${count} certificates`)
  } catch (error) {
    return fail(`NODE_EXTRA_CA_CERTS cannot be read: ${messageOf(error)}`, fix)
  }
}

async function reachable(world: DoctorWorld): Promise<Finding[]> {
  if (await isDemo(world)) return fine('The demo that answers asks no upstream')
  const answers = await world.upstreams()
  return answers.flatMap(({ provider, main, url, failure }) => {
    if (failure === undefined) return fine(`Provider "${provider}" answers at ${url}`)
    const [why = '', advice] = failure.split(/: (?=is it|check|set NODE)/)
    const fix = advice?.startsWith('set')
      ? advice
      : `correct providers.${provider}.base_url, or see why ${url} is not reached`
    const text = `Provider "${provider}" does not answer at ${url}: ${why}`
    return main ? fail(text, fix) : warn(text, fix)
  })
}

async function clock(world: DoctorWorld): Promise<Finding[]> {
  const told = (await world.upstreams()).find(({ date }) => date !== undefined)
  if (told?.date === undefined) return []
  // What passed since the answer came is no fault of the clock.
  const skew = world.now() - (Date.now() - told.at) - told.date
  const seconds = Math.round(Math.abs(skew) / 1000)
  const words = `This clock is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} that of ${told.url}`
  const fix = 'set it, for example with "timedatectl set-ntp true"'
  if (Math.abs(skew) >= GRAVE_MS) return fail(words, fix)
  return Math.abs(skew) >= SLIGHT_MS ? warn(words, fix) : fine('The clock is right')
}

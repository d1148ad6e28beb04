import { ConfigError } from '../../../config/diagnose.ts'
import { portOwner } from '../../../http/port-owner.ts'
import { planFor } from '../../service/plan-for.ts'
import { readState } from '../../service/service-state.ts'
import { type CheckGroup, type Finding, fail, fine, warn } from '../check.ts'
import { type DoctorWorld, isDemo } from '../doctor-world.ts'

/** ccproxy itself: where it listens, and as what it runs. */
export const SERVER: CheckGroup = {
  title: 'ccproxy',
  checks: [
    { name: 'port', cheap: false, run: port },
    { name: 'client-key', cheap: false, run: clientKey },
    { name: 'service', cheap: false, run: service },
    { name: 'version', cheap: false, run: version },
  ],
}

async function port(world: DoctorWorld): Promise<Finding[]> {
  if (world.settings instanceof ConfigError) return []
  const { url, settings } = world.settings
  const reply = await world.proxy()
  if (url === undefined || reply === undefined) return fine('Any free port will do')
  const { host, port: number } = settings.server
  if (reply.status === 200 && reply.contentType.startsWith('application/health+json')) {
    if (!(await isDemo(world))) return fine(`ccproxy answers at ${url}`)
    const text = `A demo answers at ${url}: its answers are made up, and no upstream of these settings is asked`
    return warn(text, 'end it and start "ccproxy" for real answers')
  }
  if (reply.status === undefined && reply.failure === undefined) {
    const code = await whyNot(host, number)
    if (code === undefined) {
      return fine(`${url} is free; start it with "ccproxy" or "ccproxy service install"`)
    }
    if (code === 'EACCES') {
      const fix = 'choose one above 1023: server.port in the config file, or PORT'
      return fail(`Port ${number} needs more rights than yours`, fix)
    }
    return fail(`ccproxy cannot listen on ${host}:${number} (${code})`, 'correct server.host')
  }
  const owner = (await portOwner(number)) ?? 'something that is no ccproxy'
  const fix = 'stop it, or choose another port: server.port in the config file, or PORT'
  return fail(`Port ${number} is in use by ${owner}`, fix)
}

/** Why nothing can listen there, by trying it. */
function whyNot(host: string, number: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = process.getBuiltinModule('node:net').createServer()
    server.once('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    server.listen(number, host, () => server.close(() => resolve(undefined)))
  })
}

async function clientKey(world: DoctorWorld): Promise<Finding[]> {
  if (world.settings instanceof ConfigError || world.settings.url === undefined) return []
  const { url, key } = world.settings
  const reply = await world.status()
  if (reply === undefined) return []
  const { status } = reply
  if (status !== 401)
    return fine(key === undefined ? 'It asks for no client key' : 'It takes the client key')
  const text = `The ccproxy at ${url} does not take ${key === undefined ? 'requests without a client key' : 'the client key of these settings'}`
  return fail(
    text,
    'set security.auth_token (AUTH_TOKEN) here as it has it, or restart it with these settings',
  )
}

/** The user's own service, else the system's. */
async function service({ context }: DoctorWorld): Promise<Finding[]> {
  const own = await serviceState(context, [])
  if (own === undefined) return []
  const system = own.installed ? undefined : await serviceState(context, ['system'])
  const { name, running, state, restarts = 0 } = system?.installed === true ? system : own
  const flag = system?.installed === true ? ' --system' : ''
  if (!own.installed && flag === '') {
    return fine('It is not installed as a service ("ccproxy service install")')
  }
  const why = `see why with "ccproxy service logs${flag}", then run "ccproxy service start${flag}"`
  if (!running) return fail(`The service ${name} does not run: ${state}`, why)
  if (restarts === 0) return fine(`The service ${name} runs`)
  const text = `The service ${name} was restarted ${restarts} times after a failure`
  return warn(text, `see why with "ccproxy service logs${flag}"`)
}

async function serviceState(context: DoctorWorld['context'], switches: readonly string[]) {
  const input = { flags: {}, switches: new Set(switches), positionals: [] }
  const options = { binary: 'ccproxy', isolation: 'none', dryRun: true } as const
  try {
    const plan = await planFor(context, input, options)
    return { name: plan.name, ...(await readState(context, plan)) }
  } catch {
    // Without a service manager, or a system's of its own, there is no such service, which is no fault.
    return undefined
  }
}

async function version(world: DoctorWorld): Promise<Finding[]> {
  const { version: own, commit } = world.context
  const running = (await world.proxy())?.json.version
  const self = `ccproxy ${own} (${commit})`
  if (typeof running !== 'string' || running === own) return fine(self)
  const text = `${self}, but the one that runs is ${running}`
  return warn(text, 'restart it: "ccproxy service restart", or end it and start it again')
}

import { messageOf } from '../../kit/error.ts'
import { askProxy } from '../client/ask-proxy.ts'
import { become } from '../client/become.ts'
import { keyOf, urlOf } from '../client/proxy-address.ts'
import { withVariables } from '../client/variables.ts'
import { type Command, type CommandContext, type CommandInput, UsageError } from '../command.ts'
import { commandHelp } from '../help.ts'
import { removeFiles, runSteps, writeFiles } from '../service/apply.ts'
import { lingeringNote } from '../service/linger.ts'
import { planFor } from '../service/plan-for.ts'
import { serviceBinary } from '../service/service-binary.ts'
import type { ServicePlan, Step } from '../service/service-plan.ts'
import { serviceSettings } from '../service/service-settings.ts'
import { readState } from '../service/service-state.ts'
import { JSON_FLAG } from '../setting-flags.ts'
import { withSpinner } from '../spinner.ts'
import { columns, remark, styleOf } from '../style.ts'

const SYSTEM = { name: 'system', description: "The system's service, not your own (Linux, root)" }
const DRY_RUN = { name: 'dry-run', description: 'Show what would be written and run; do nothing' }
const LOOK = { binary: 'ccproxy', isolation: 'none', dryRun: true } as const

const install: Command = {
  name: 'install',
  summary: 'Install ccproxy as a service and start it; again to bring it up to date',
  examples: [
    'ccproxy service install',
    'ccproxy service install --dry-run',
    'sudo ccproxy service install --system',
    'ccproxy service install --config ~/team.toml',
  ],
  flags: [
    SYSTEM,
    DRY_RUN,
    { name: 'config', short: 'c', value: 'FILE', description: 'Config file that it reads' },
    { name: 'binary', value: 'FILE', description: 'Program that it starts; without it this one' },
  ],
  async run(context, input) {
    const dryRun = input.switches.has('dry-run')
    const binary = serviceBinary(context, input, input.switches.has('system'))
    const settings = await serviceSettings(context, input)
    const plan = await planFor(context, input, {
      binary,
      isolation: settings.sdk.isolation,
      dryRun,
    })
    if (dryRun) {
      context.stdout.write(shown(context, plan, plan.steps.install.concat(plan.steps.restart)))
      return 0
    }
    const changes = writeFiles(plan)
    const changed = changes.some(([, change]) => change === 'wrote')
    for (const [{ path }, change] of changes) context.stdout.write(`${change} ${path}\n`)
    const { stderr } = context
    const steps = [...plan.steps.install, ...(changed ? plan.steps.restart : plan.steps.start)]
    await starting(
      context,
      withSpinner(stderr, () => 'Starting ccproxy', runSteps(context, steps)),
    )
    const answering = whereItAnswers(context, input)
    const url = await withSpinner(stderr, () => 'Waiting for its answer', answering)
    const says = url === undefined ? 'is started' : `runs at ${url}`
    context.stdout.write(`The service ${plan.name} ${says}\n\n`)
    const linger = input.switches.has('system') ? undefined : await lingeringNote(context, plan)
    for (const note of [...plan.notes, ...(linger === undefined ? [] : [linger])]) {
      context.stdout.write(`${note}\n`)
    }
    return 0
  },
}

/** What failed stands in the service's log. */
async function starting(context: CommandContext, work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (error) {
    context.stderr.write('It does not start: "ccproxy service logs" says why\n')
    throw error
  }
}

const ANSWER_TRIES = 50
const ANSWER_MS = 200

async function whereItAnswers(context: CommandContext, input: CommandInput) {
  const settings = await serviceSettings(context, input)
  if (settings.server.port === 0) return undefined
  const url = urlOf(settings, '')
  for (let left = ANSWER_TRIES; left > 0; left -= 1) {
    const { status } = await askProxy(url, '/health/live', keyOf(settings), 1000)
    if (status === 200) return url
    await Bun.sleep(ANSWER_MS)
  }
  return undefined
}

const uninstall: Command = {
  name: 'uninstall',
  summary: 'Stop the service and remove it; settings, logins and data stay',
  examples: ['ccproxy service uninstall', 'sudo ccproxy service uninstall --system --dry-run'],
  flags: [SYSTEM, DRY_RUN],
  async run(context, input) {
    const dryRun = input.switches.has('dry-run')
    const plan = await planFor(context, input, { ...LOOK, dryRun })
    if (dryRun) {
      const paths = plan.files.filter((file) => file.own !== true).map(({ path }) => path)
      const lines = [
        ...plan.steps.uninstall.map(stepLine),
        ...paths.map((path) => `rm ${path}`),
        ...plan.afterRemoval.map(stepLine),
      ]
      context.stdout.write(`${lines.join('\n')}\n`)
      return 0
    }
    await runSteps(context, plan.steps.uninstall)
    const changes = removeFiles(plan)
    await runSteps(context, plan.afterRemoval)
    for (const [{ path }, change] of changes) context.stdout.write(`${change} ${path}\n`)
    const gone = changes.some(([, change]) => change === 'removed')
    context.stdout.write(gone ? 'Settings, logins and data stay\n' : 'It was not installed\n')
    return 0
  },
}

function action(name: 'start' | 'stop' | 'restart', summary: string, done: string): Command {
  return {
    name,
    summary,
    examples: [`ccproxy service ${name}`, `sudo ccproxy service ${name} --system`],
    flags: [SYSTEM],
    async run(context, input) {
      const plan = await planFor(context, input, { ...LOOK, dryRun: false })
      const { installed } = await readState(context, plan)
      if (!installed) {
        throw new UsageError('The service is not installed: run "ccproxy service install"')
      }
      const work = runSteps(context, plan.steps[name])
      const spun = withSpinner(context.stderr, () => `${summary}: ${plan.name}`, work)
      await (name === 'stop' ? spun : starting(context, spun))
      context.stdout.write(`${done}\n`)
      return 0
    },
  }
}

const status: Command = {
  name: 'status',
  summary: 'Show whether the service is installed and runs: exit code 0 if it does',
  examples: ['ccproxy service status', 'ccproxy service status --json'],
  flags: [SYSTEM, JSON_FLAG],
  async run(context, input) {
    const plan = await planFor(context, input, LOOK)
    const state = await readState(context, plan)
    const url = state.running ? await whereAsked(context, input) : undefined
    const facts = { manager: plan.manager, name: plan.name, ...state, ...url }
    if (input.switches.has('json')) context.stdout.write(`${JSON.stringify(facts, null, 2)}\n`)
    else {
      const rows = Object.entries(facts).map(([key, value]) => [key, String(value)])
      context.stdout.write(`${columns(rows, '')}\n`)
      if (!state.installed) context.stderr.write('Run "ccproxy service install"\n')
    }
    return state.running ? 0 : 1
  },
}

async function whereAsked(context: CommandContext, input: CommandInput) {
  try {
    const settings = await serviceSettings(context, input)
    const url = urlOf(settings, '')
    const { status } = await askProxy(url, '/health/live', keyOf(settings), 1000)
    return { url, answers: status === 200 }
  } catch (error) {
    // Where its settings are another's to read, the rest is still told.
    return { settings: messageOf(error) }
  }
}

const DEFAULT_LINES = 100

const logs: Command = {
  name: 'logs',
  summary: 'Show what the service logged',
  examples: ['ccproxy service logs', 'ccproxy service logs --follow --lines 20'],
  flags: [
    SYSTEM,
    { name: 'follow', short: 'f', description: 'Go on as it logs' },
    { name: 'lines', short: 'n', value: 'NUMBER', description: `Lines; ${DEFAULT_LINES} without` },
  ],
  async run(context, input) {
    const lines = Number(input.flags.lines ?? DEFAULT_LINES)
    if (!Number.isInteger(lines) || lines < 1) {
      throw new UsageError(`Flag "--lines" needs a number above 0, not "${input.flags.lines}"`)
    }
    const plan = await planFor(context, input, LOOK)
    if (!(await readState(context, plan)).installed) {
      remark(context, 'Note', 'The service is not installed: run "ccproxy service install"')
    }
    const [program, ...args] = plan.logs(lines, input.switches.has('follow'))
    const file = Bun.which(program, { PATH: context.env.PATH ?? '' }) ?? `/usr/bin/${program}`
    return become(context, file, args, withVariables(context.env, {}))
  },
}

function shown(context: CommandContext, plan: ServicePlan, steps: readonly Step[]): string {
  const { bold, dim } = styleOf(context, context.stdout)
  const files = plan.files.map(({ path, text, mode, own }) => {
    const kept = own === true ? ', only if it is not there' : ''
    return `${bold(`# ${path}`)} ${dim(`(mode ${mode.toString(8)}${kept})`)}\n${text}`
  })
  return [
    ...files,
    bold('# What is run then'),
    ...steps.map(stepLine),
    '',
    ...plan.notes.map((note) => `# ${note}`),
    '',
  ].join('\n')
}

function stepLine({ command, mayFail }: Step): string {
  return `${command.join(' ')}${mayFail === true ? ' || true' : ''}`
}

/** `ccproxy service …`: ccproxy under the service manager of this machine. */
export const service: Command = {
  name: 'service',
  summary: 'Run ccproxy as a service (systemd, launchd)',
  examples: ['ccproxy service install', 'ccproxy service status', 'ccproxy service logs --follow'],
  commands: [
    install,
    uninstall,
    action('start', 'Start the service', 'The service is started'),
    action('stop', 'Stop the service', 'The service is stopped'),
    action('restart', 'Stop and start the service', 'The service is restarted'),
    status,
    logs,
  ],
  async run(context) {
    context.stderr.write(commandHelp(context, service, ['service']))
    return 2
  },
}

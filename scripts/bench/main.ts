/**
 * Measures ccproxy beside direct, nginx and a bare Bun passthrough, in interleaved rounds of one run.
 * A missed target is only reported; a wrong reply or a subject that breaks ends the run with code 1.
 */
import { parseArgs } from 'node:util'
import { cpuFigures } from './cpu-figures.ts'
import { latencyFigures } from './latency-figures.ts'
import { memoryFigures } from './memory-figures.ts'
import { recordFigures } from './record-figures.ts'
import { renderTable } from './report.ts'
import { Run } from './run.ts'
import { sdkFigures } from './sdk-figures.ts'
import { chooseSubjects, pinSelf, stopAll, TRANSLATING } from './subjects.ts'

const QUICK_BUDGET = 120_000
const FULL_BUDGET = 540_000
const FIGURES = [
  ...cpuFigures,
  ...latencyFigures,
  ...memoryFigures,
  ...sdkFigures,
  ...recordFigures,
]

const HELP = `Usage: bun run bench [options]

  --quick           About 2 minutes instead of at most 10
  --only NAME       Only this figure; may be repeated: ${FIGURES.map(({ name }) => name).join(', ')}
  --subject NAME    Only this subject beside direct; may be repeated: ${['nginx', 'bare', 'ccproxy', ...TRANSLATING].join(', ')}
  --binary PATH     The ccproxy executable to measure (default: the one in dist, built if absent)
  --source          Measure \`bun src/main.ts\` instead
  --json FILE       Write the figures to a file as well
`

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    subject: { type: 'string', multiple: true, default: [] },
    binary: { type: 'string' },
    source: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

function chosenFigures() {
  for (const name of values.only) {
    if (FIGURES.some((figure) => figure.name === name)) continue
    throw new Error(`Unknown figure "${name}": use one of ${FIGURES.map((f) => f.name).join(', ')}`)
  }
  return FIGURES.filter(({ name }) => values.only.length === 0 || values.only.includes(name))
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

async function main(): Promise<number> {
  if (process.platform !== 'linux') throw new Error('Cannot measure here: CPU is read from /proc')
  const figures = chosenFigures()
  const choice = { source: values.source, binary: values.binary }
  const { subjects, notices } = await chooseSubjects(choice, values.subject)
  const pinning = pinSelf()
  if (pinning !== undefined) notices.push(pinning)
  for (const notice of notices) console.error(`Notice: ${notice}`)
  const began = performance.now()
  const budgetMilliseconds = values.quick ? QUICK_BUDGET : FULL_BUDGET
  const run = new Run({ figures, subjects, quick: values.quick, budgetMilliseconds, progress })
  const { lines, problems, unmeasured } = await run.measure()
  const names = subjects.map(({ name }) => name)
  progress('')
  console.log(renderTable(lines, names))
  const seconds = Math.round((performance.now() - began) / 1000)
  console.log(`\nIn brackets: against nginx in the same round. Medians of rounds; ${seconds} s.`)
  for (const name of unmeasured) console.log(`Not measured, the time ran out: ${name}`)
  for (const problem of problems) console.error(`Problem: ${problem}`)
  if (values.json !== undefined) {
    const result = { quick: values.quick, seconds, subjects: names, notices, lines, problems }
    await Bun.write(values.json, `${JSON.stringify(result, null, 2)}\n`)
  }
  return problems.length === 0 ? 0 : 1
}

/** Ends the children by their ids, then this process, whatever was going on. */
async function leave(code: number): Promise<never> {
  await stopAll()
  process.exit(code)
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => void leave(code))
}
if (values.help) {
  console.log(HELP)
} else {
  try {
    await leave(await main())
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    await leave(1)
  }
}

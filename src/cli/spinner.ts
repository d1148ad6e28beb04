import type { Output } from './command.ts'

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const INTERVAL_MS = 100

/** Shows that something goes on until `work` ends; one plain line where the output is no terminal. */
export async function withSpinner<Result>(
  output: Output,
  text: () => string,
  work: Promise<Result>,
): Promise<Result> {
  if (!output.isTerminal) {
    output.write(`${text()}\n`)
    return work
  }
  let count = 0
  const draw = () => {
    output.write(`\r\x1b[2K${FRAMES[count % FRAMES.length]} ${text()}`)
    count += 1
  }
  draw()
  const timer = setInterval(draw, INTERVAL_MS)
  try {
    return await work
  } finally {
    clearInterval(timer)
    output.write('\r\x1b[2K')
  }
}

import { ownValue } from '../../kit/own-value.ts'
import { type Command, type CommandContext, UsageError } from '../command.ts'
import { SCRIPTS } from '../completion/scripts.ts'

/** `ccproxy completion SHELL`: the script by which a shell completes ccproxy's command line. */
export const completion: Command = {
  name: 'completion',
  summary: 'Print the script that completes commands, flags and values in a shell',
  examples: [
    'eval "$(ccproxy completion bash)"                     (in ~/.bashrc)',
    'eval "$(ccproxy completion zsh)"                      (in ~/.zshrc)',
    'ccproxy completion fish | source                      (in ~/.config/fish/config.fish)',
    'ccproxy completion powershell | Out-String | Invoke-Expression    (in $PROFILE)',
    'ccproxy --show-completion zsh',
  ],
  positionals: [
    { name: 'SHELL', description: 'bash, zsh, fish or powershell', values: Object.keys(SCRIPTS) },
  ],
  async run(context, input) {
    return printCompletion(context, input.positionals[0] ?? '')
  },
}

/** Prints a shell's script, as `--show-completion` does too. */
export function printCompletion({ stdout }: CommandContext, shell: string): number {
  const script = ownValue(SCRIPTS, shell)
  if (script === undefined) {
    const names = Object.keys(SCRIPTS).join(', ')
    throw new UsageError(`Unknown shell "${shell}": it is one of ${names}`)
  }
  stdout.write(script)
  return 0
}

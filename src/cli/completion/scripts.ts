import { ASK } from './ask.ts'

/** For each shell the script that lets it complete ccproxy's command line, to be loaded by it. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `# Completion of ccproxy for bash: eval "$(ccproxy completion bash)"
_ccproxy() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" line
  COMPREPLY=()
  # "=" is a word of its own here.
  [[ $cur == "=" ]] && cur=""
  while IFS= read -r line; do
    case $line in
      :files)
        type compopt >/dev/null 2>&1 && compopt -o filenames
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur") ;;
      :folders)
        type compopt >/dev/null 2>&1 && compopt -o filenames
        while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -d -- "$cur") ;;
      :program\\ *)
        line=$((\${line#:program } + 1))
        if type _command_offset >/dev/null 2>&1; then _command_offset "$line"
        elif ((line == COMP_CWORD)); then
          while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -c -- "$cur")
        else
          type compopt >/dev/null 2>&1 && compopt -o filenames
          while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$cur")
        fi ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" ${ASK} bash "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _ccproxy ccproxy
`,
  zsh: `#compdef ccproxy
# Completion of ccproxy for zsh: eval "$(ccproxy completion zsh)", or a file _ccproxy in a folder of $fpath
_ccproxy() {
  local line value
  local -a found
  for line in "\${(@f)$("\${words[1]}" ${ASK} zsh "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :files) _files ;;
      :folders) _files -/ ;;
      :program\\ *)
        shift $((\${line#:program } + 1)) words
        ((CURRENT -= \${line#:program } + 1))
        _normal -p ccproxy ;;
      *)
        value=\${line%%$'\\t'*}
        found+=("\${value//:/\\\\:}:\${\${line#*$'\\t'}#$value}") ;;
    esac
  done
  (($#found)) && _describe ccproxy found
}
if [[ $funcstack[1] == _ccproxy ]]; then
  _ccproxy "$@"
else
  (($+functions[compdef])) || { autoload -Uz compinit && compinit; }
  compdef _ccproxy ccproxy
fi
`,
  fish: `# Completion of ccproxy for fish: ccproxy completion fish | source
function __ccproxy_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] ${ASK} fish $words[2..-1] "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$current"
            case :folders
                __fish_complete_directories "$current"
            case ':program *'
                set -l first (math (string replace ':program ' '' -- $line) + 2)
                set -l rest (string escape -- $words[$first..-1] "$current")
                complete -C "$(string join ' ' -- $rest)"
            case '*'
                echo $line
        end
    end
end
complete -c ccproxy -f -a '(__ccproxy_complete)'
`,
  powershell: `# Completion of ccproxy for PowerShell: ccproxy completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName ccproxy -ScriptBlock {
    param($word, $ast, $cursor)
    $words = @($ast.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursor -or $_.Extent.Text -ne $word } |
        Select-Object -Skip 1 | ForEach-Object { "=$($_.Extent.Text)" })
    # An empty word is lost on its way to a program, so that each has a "=" before it.
    & $ast.CommandElements[0].Extent.Text ${ASK} powershell @words "=$word" 2>$null | ForEach-Object {
        $value, $about = $_ -split "\`t", 2
        if ($value -eq ':files' -or $value -like ':program*') {
            [System.Management.Automation.CompletionCompleters]::CompleteFilename($word)
        } elseif ($value -eq ':folders') {
            [System.Management.Automation.CompletionCompleters]::CompleteFilename($word) |
                Where-Object ResultType -EQ 'ProviderContainer'
        } else {
            $tip = if ($about) { $about } else { $value }
            [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $tip)
        }
    }
}
`,
}

/** `opengslb completion SHELL`: a script that completes commands, flags and fixed choices, made from the commands themselves. */
import { Argument, type Command, type Option } from 'commander';
import { commandWith } from './node-flags.ts';

const shells = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
type Shell = keyof typeof shells;

export function completionCommand(): Command {
  const examples = ['opengslb completion bash > /etc/bash_completion.d/opengslb', 'source <(opengslb completion zsh)'];
  return commandWith('completion', 'Print a script that completes commands and flags in a shell.', ...examples)
    .addArgument(new Argument('<shell>', 'the shell that reads it').choices(Object.keys(shells)))
    .action((shell: Shell, _flags: unknown, command: Command) => {
      let root = command;
      while (root.parent !== null) root = root.parent;
      process.stdout.write(completionScript(shell, root));
    });
}

export function completionScript(shell: Shell, root: Command): string {
  return shells[shell](places(root));
}

interface Suggestion {
  readonly word: string;
  readonly description: string;
}

/** What can stand where: after these commands, these words. */
interface Place {
  /** The commands up to here, joined by spaces. */
  readonly path: string;
  readonly commands: readonly Suggestion[];
  readonly flags: readonly Suggestion[];
  /** Fixed choices of arguments. */
  readonly choices: readonly string[];
  /** What may follow a flag that takes a value; none where that is free text. */
  readonly values: readonly { readonly flag: string; readonly choices: readonly string[] }[];
}

function places(command: Command, above = ''): readonly Place[] {
  const path = above === '' ? command.name() : `${above} ${command.name()}`;
  const commands = command.commands.map((inner) => ({ word: inner.name(), description: inner.description() }));
  // Commander keeps its own --help out of the list.
  const options = [...command.options, command.createOption('-h, --help', 'show how it is used')];
  const flags = options.map((option) => ({ word: option.long ?? option.short ?? '', description: option.description }));
  const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
  const values = options
    .filter(takesValue)
    .map((option) => ({ flag: option.long ?? option.short ?? '', choices: option.argChoices ?? [] }));
  return [{ path, commands, flags, choices, values }, ...command.commands.flatMap((inner) => places(inner, path))];
}

const takesValue = (option: Option) => option.required || option.optional;
const words = (suggestions: readonly Suggestion[]) => suggestions.map(({ word }) => word);
/** In single quotes, for each of the shells. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** The words before the cursor lead to a place; its words are offered, or the choices of the flag just before. */
function bashScript(all: readonly Place[]): string {
  const steps = all.slice(1).map(({ path }) => quoted(path));
  const offers = all.map(({ path, commands, flags, choices }) => {
    return `    ${quoted(path)}) words=${quoted([...words(commands), ...choices, ...words(flags)].join(' '))} ;;`;
  });
  const values = all.flatMap(({ path, values: ofPlace }) =>
    ofPlace.map(({ flag, choices }) => `    ${quoted(`${path} ${flag}`)}) words=${quoted(choices.join(' '))} ;;`),
  );
  return [
    '# bash completion of opengslb',
    '_opengslb() {',
    `  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path=opengslb words= i`,
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    `    case "$path \${COMP_WORDS[i]}" in`,
    `    ${steps.join('|')}) path="$path \${COMP_WORDS[i]}" ;;`,
    '    esac',
    '  done',
    '  case "$path" in',
    ...offers,
    '  esac',
    '  case "$path $previous" in',
    ...values,
    '  esac',
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    '}',
    'complete -o default -F _opengslb opengslb',
    '',
  ].join('\n');
}

function zshScript(all: readonly Place[]): string {
  const described = ({ word, description }: Suggestion) => quoted(`${word.replaceAll(':', '\\:')}:${description}`);
  const steps = all.slice(1).map(({ path }) => quoted(path));
  const offers = all.map(({ path, commands, flags, choices }) => {
    const offered = [...commands, ...choices.map((word) => ({ word, description: '' })), ...flags].map(described);
    return `    ${quoted(path)}) offered=(${offered.join(' ')}) ;;`;
  });
  const values = all.flatMap(({ path, values: ofPlace }) =>
    ofPlace.map(({ flag, choices }) => `    ${quoted(`${path} ${flag}`)}) offered=(${choices.map(quoted).join(' ')}) ;;`),
  );
  return [
    '#compdef opengslb',
    '_opengslb() {',
    '  local place=opengslb word',
    '  local -a offered',
    `  for word in "\${(@)words[2,CURRENT-1]}"; do`,
    '    case "$place $word" in',
    `    ${steps.join('|')}) place="$place $word" ;;`,
    '    esac',
    '  done',
    '  case "$place" in',
    ...offers,
    '  esac',
    `  case "$place \${words[CURRENT-1]}" in`,
    ...values,
    '  esac',
    '  (( $#offered )) && _describe opengslb offered',
    '  _files',
    '}',
    'compdef _opengslb opengslb',
    '',
  ].join('\n');
}

function fishScript(all: readonly Place[]): string {
  const steps = all.slice(1).map(({ path }) => quoted(path));
  const rows = all.flatMap(({ path, commands, flags, choices, values }) => {
    const condition = `complete -c opengslb -n ${quoted(`__opengslb_at ${quoted(path)}`)}`;
    const choicesOf = new Map(values.map(({ flag, choices: ofFlag }) => [flag, ofFlag]));
    return [
      ...commands.map(({ word, description }) => `${condition} -f -a ${word} -d ${quoted(description)}`),
      ...choices.map((word) => `${condition} -f -a ${word}`),
      ...flags.map(({ word, description }) => {
        const ofFlag = choicesOf.get(word);
        const value = ofFlag === undefined ? '' : ofFlag.length === 0 ? ' -r' : ` -x -a ${quoted(ofFlag.join(' '))}`;
        return `${condition} -l ${word.replace(/^--/, '')}${value} -d ${quoted(description)}`;
      }),
    ];
  });
  return [
    '# fish completion of opengslb',
    'function __opengslb_at',
    '  set -l place opengslb',
    '  for word in (commandline -opc)[2..-1]',
    '    switch "$place $word"',
    `      case ${steps.join(' ')}`,
    '        set place "$place $word"',
    '    end',
    '  end',
    '  test "$place" = "$argv[1]"',
    'end',
    ...rows,
    '',
  ].join('\n');
}

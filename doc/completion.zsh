# Completion of ktstr-launch for zsh. What is above was made from the launcher's own tables.

_ktstr_launch()
{
	local curcontext=$curcontext state line operands=files
	local -a specs
	typeset -A opt_args

	_arguments -C '1: :->command' '*:: :->rest' '(- *)--help[the commands]' \
		'(- *)--version[the version]'
	case $state in
	(command)
		_describe -t commands command _ktstr_launch_commands
		;;
	(rest)
		if [[ $line[1] == help ]]; then
			_describe -t commands command _ktstr_launch_commands
			return
		fi
		_ktstr_launch_describe $line[1]
		case $operands in
		(files) specs+=('*:file:_files') ;;
		(payload) specs+=('(-)1: :_ktstr_launch_payload' '*::argument:_normal') ;;
		(command) specs+=('1: :->name') ;;
		(shell) specs+=("1:shell:($_ktstr_launch_shells)") ;;
		(clear) specs+=('1:what to do:(clear)') ;;
		esac
		state=
		_arguments $specs
		[[ $state != name ]] || _describe -t commands command _ktstr_launch_commands
		;;
	esac
}

_ktstr_launch_payload()
{
	_alternative 'commands:command:_command_names -e' 'files:file:_files'
}

# Read from a folder of $fpath it is the function's body; sourced, it has to say what it is for.
if [[ $funcstack[1] == _ktstr-launch ]]; then
	_ktstr_launch "$@"
else
	compdef _ktstr_launch ktstr-launch
fi

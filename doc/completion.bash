# shellcheck shell=bash disable=SC2034,SC2154
# Completion of ktstr-launch for bash. What is above was made from the launcher's own tables.

# _ktstr_launch_offer WORDS: those that begin as the current word does.
_ktstr_launch_offer()
{
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

# _ktstr_launch_paths file|directory
_ktstr_launch_paths()
{
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -A "$1" -- "$cur")
}

# Where the payload begins, in payload: 0 where the current word is not of it.
_ktstr_launch_find_payload()
{
	local i word

	payload=0
	for ((i = 2; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word == -- ]]; then
			((i < COMP_CWORD)) && payload=$((i + 1))
			return
		fi
		if [[ $word != -* ]]; then
			[[ $word || $i -ne $COMP_CWORD ]] && payload=$i
			return
		fi
		# The value of an option, which the shell may have cut off at its "=".
		if [[ ${COMP_WORDS[i + 1]-} == = ]]; then
			i=$((i + 2))
		elif [[ "$files $folders $topologies $others " == *" $word "* ]]; then
			i=$((i + 1))
		fi
	done
}

_ktstr_launch()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} item payload
	local options='' files='' folders='' topologies='' others='' optionals='' operands=files

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_ktstr_launch_offer "$_ktstr_launch_commands --help --version"
		return
	fi
	if [[ ${COMP_WORDS[1]} == help ]]; then
		((COMP_CWORD == 2)) && _ktstr_launch_offer "${_ktstr_launch_commands% help}"
		return
	fi
	_ktstr_launch_describe "${COMP_WORDS[1]}"

	if [[ $operands == payload ]]; then
		_ktstr_launch_find_payload
		if ((payload == COMP_CWORD)); then
			_ktstr_launch_paths file
			[[ $cur == */* ]] || mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$cur")
			return
		elif ((payload)); then
			_ktstr_launch_paths file
			return
		fi
	fi

	# "--option=value" is three words where "=" breaks words.
	if [[ $cur == = ]]; then
		cur=''
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	elif [[ $cur == --*=* ]]; then
		prev=${cur%%=*} cur=${cur#*=}
	else
		[[ " $optionals" != *" $prev="* ]] || prev=''
	fi
	case " $prev " in
	*[!\ ]*)
		for item in $optionals; do
			if [[ $prev == "${item%%=*}" ]]; then
				_ktstr_launch_offer "${item#*=}"
				return
			fi
		done
		case "$files " in *" $prev "*) _ktstr_launch_paths file; return ;; esac
		case "$folders " in *" $prev "*) _ktstr_launch_paths directory; return ;; esac
		case "$topologies " in *" $prev "*) _ktstr_launch_offer "$_ktstr_launch_topologies"; return ;; esac
		case "$others " in *" $prev "*) return ;; esac
		;;
	esac

	if [[ $cur == -* ]]; then
		_ktstr_launch_offer "$options"
		return
	fi
	case $operands in
	files) _ktstr_launch_paths file ;;
	command) _ktstr_launch_offer "${_ktstr_launch_commands% help}" ;;
	shell) _ktstr_launch_offer "$_ktstr_launch_shells" ;;
	clear) _ktstr_launch_offer clear ;;
	payload)
		_ktstr_launch_paths file
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$cur")
		;;
	esac
}

complete -F _ktstr_launch ktstr-launch

# Completion of ktstr-launch for fish. What is above was made from the launcher's own tables.

# No command yet
function __ktstr_launch_none
    test (count (commandline -opc)) -eq 1
end

# The command is this one, and its payload has not begun
function __ktstr_launch_is
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $argv[1]; and not contains -- -- $words
end

# The command is this one, and an operand may come
function __ktstr_launch_payload
    set -l words (commandline -opc)
    test (count $words) -ge 2; and test $words[2] = $argv[1]
end

function __ktstr_launch_complete_payload
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    if set -l at (contains -i -- -- $words)
        complete -C (string join -- ' ' (string escape -- $words[(math $at + 1)..-1]) $current)
    else if not string match -q -- '-*' $current
        complete -C $current
    end
end

complete -c ktstr-launch -n __ktstr_launch_none -a help -d 'tell the options of a command'
complete -c ktstr-launch -n '__ktstr_launch_is help' -a "$__ktstr_launch_commands"
complete -c ktstr-launch -n __ktstr_launch_none -l help -d 'the commands'
complete -c ktstr-launch -n __ktstr_launch_none -l version -d 'the version'

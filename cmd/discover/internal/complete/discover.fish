
# __discover_perform_completion of cobra runs the words of the line by eval, without their
# quotes, and so what is in the name of a file. Here nothing in them is expanded or run.
function __discover_perform_completion
    set -l args (commandline -opc)
    set -l last (commandline -ct)
    set -l plain (string unescape -- $last)
    or set plain "$last"
    set -l program $args[1]
    if string match -q -- '~/*' "$program"
        set program $HOME/(string sub --start 3 -- $program)
    end
    type -q -- $program
    or set program discover
    set -l results ($program __complete $args[2..-1] "$plain" 2>/dev/null)
    # The values of --flag=value come without --flag=.
    set -l before (string match -r -- '^--[^=]*=' "$plain")
    for offer in $results[1..-2]
        printf "%s%s\n" "$before" "$offer"
    end
    printf "%s\n" "$results[-1]"
end

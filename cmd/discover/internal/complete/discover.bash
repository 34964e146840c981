# Completion of discover for bash 3.2 and later. It needs no other package.

# __discover_words puts the words up to the cursor into the array words. bash cuts a word at
# each character of COMP_WORDBREAKS, as : in host:3260; what touches in the line is one word.
# The part of the last word that bash keeps on the line goes into kept.
__discover_words()
{
    local rest="${COMP_LINE:0:COMP_POINT}" i part blank
    words=()
    kept=""
    for ((i = 0; i <= COMP_CWORD; i++)); do
        part="${COMP_WORDS[i]}"
        blank="${rest%%[![:blank:]]*}"
        rest="${rest#"$blank"}"
        [[ $i -eq $COMP_CWORD ]] && part="$rest"
        if [[ $i -eq 0 || -n $blank || ${#words[@]} -eq 0 ]]; then
            words+=("$part")
            kept=""
        else
            kept="${words[${#words[@]} - 1]}"
            words[${#words[@]} - 1]="$kept$part"
        fi
        rest="${rest#"$part"}"
    done
    # A part that is nothing but such characters stays on the line as well.
    if [[ -n $kept && $part != *[!"$COMP_WORDBREAKS"]* ]]; then
        kept="$kept$part"
    fi
}

# __discover_unquoted puts $1 without quotes and backslashes into plain. Nothing in it is
# expanded or run.
__discover_unquoted()
{
    local text="$1" quote="" i c
    plain=""
    for ((i = 0; i < ${#text}; i++)); do
        c="${text:i:1}"
        if [[ $quote == "'" ]]; then
            if [[ $c == "'" ]]; then quote=""; else plain+="$c"; fi
        elif [[ $c == "\\" ]]; then
            i=$((i + 1))
            plain+="${text:i:1}"
        elif [[ $c == "$quote" ]]; then
            quote=""
        elif [[ -z $quote && ($c == "'" || $c == '"') ]]; then
            quote="$c"
        else
            plain+="$c"
        fi
    done
}

# __discover_show fills COMPREPLY from the array found, whose entries are a word and, after a
# tab, its description.
__discover_show()
{
    local entry word about room="${COLUMNS:-80}" longest=0 tab=$'\t'
    for entry in "${found[@]}"; do
        word="${entry%%"$tab"*}"
        ((${#word} > longest)) && longest=${#word}
    done
    for entry in "${found[@]}"; do
        word="${entry%%"$tab"*}"
        about=""
        [[ $entry == *"$tab"* ]] && about="${entry#*"$tab"}"
        if [[ -z $opened ]]; then
            word="${word#"$keptplain"}"
            [[ $word == *[!A-Za-z0-9_.,:/@%+=-]* ]] && printf -v word '%q' "$word"
        elif [[ $word == *[\'\"\\\$\`!]* ]]; then
            continue # a quote that the user has opened does not hold it
        fi
        # Descriptions only where bash lists the words: what it inserts has none.
        if [[ -n $about && ${#found[@]} -gt 1 && $COMP_TYPE -ne 37 && $COMP_TYPE -ne 42 ]]; then
            printf -v word "%-${longest}s  (%s)" "$word" "$about"
            word="${word:0:room - 2}"
        fi
        COMPREPLY+=("$word")
    done
}

__discover()
{
    local words kept keptplain plain opened="" output line directive=4 found=() asked=() i program
    COMPREPLY=()
    __discover_words
    i=$((${#words[@]} - 2))
    if ((i >= 0)) && [[ ${words[i]} == *[\<\>] ]]; then
        compopt -o default 2>/dev/null # the file of a redirection
        return
    fi
    [[ ${words[${#words[@]} - 1]} == [\'\"]* ]] && opened=1
    __discover_unquoted "$kept"
    keptplain="$plain"
    for ((i = 1; i < ${#words[@]}; i++)); do
        __discover_unquoted "${words[i]}"
        asked+=("$plain")
    done
    program="${words[0]}"
    [[ $program == "~/"* ]] && program="$HOME/${program#"~/"}"
    type -P "$program" >/dev/null || program=discover
    output="$("$program" __complete "${asked[@]}" 2>/dev/null)" || return
    while IFS= read -r line; do
        case "$line" in
        :[0-9]*) directive="${line#:}" ;;
        ?*) found+=("$line") ;;
        esac
    done <<<"$output"
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    if ((!(directive & 4))) && [[ ${#found[@]} -eq 0 ]]; then
        compopt -o default 2>/dev/null
        return
    fi
    ((directive & 4)) && compopt +o default 2>/dev/null
    # What stands before the value of --flag=value stays on the line.
    if [[ -z $opened && $plain == --*=* ]]; then
        keptplain="${keptplain#"${plain%%=*}="}"
    fi
    [[ ${#found[@]} -gt 0 ]] && __discover_show
}

complete -F __discover discover

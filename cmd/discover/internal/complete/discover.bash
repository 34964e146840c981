# Completion of discover for bash 3.2 and later. It needs no other package.

# __discover_words puts the words up to the cursor into the array words. bash cuts a word at
# each character of COMP_WORDBREAKS, as : in host:3260; what touches in the line is one word.
__discover_words()
{
    local rest="${COMP_LINE:0:COMP_POINT}" i part blank
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        part="${COMP_WORDS[i]}"
        blank="${rest%%[![:blank:]]*}"
        rest="${rest#"$blank"}"
        [[ $i -eq $COMP_CWORD ]] && part="$rest"
        if [[ $i -eq 0 || -n $blank ]]; then
            words+=("$part")
        else
            words[${#words[@]} - 1]+="$part"
        fi
        rest="${rest#"$part"}"
    done
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
        word="$before${word#"$kept"}"
        if [[ -z $opened ]]; then
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

# __discover fills COMPREPLY. bash replaces $2, the end of the word at the cursor, by what is
# in there; what stands before it in the word stays on the line.
__discover()
{
    local words plain kept opened="" before="" output line directive found=() asked=() i program
    COMPREPLY=()
    __discover_words
    i=$((${#words[@]} - 2))
    if ((i >= 0)) && [[ ${words[i]} == *[\<\>] ]]; then
        compopt -o default 2>/dev/null # the file of a redirection
        return
    fi
    [[ ${words[${#words[@]} - 1]} == [\'\"]* ]] && opened=1
    for ((i = 1; i < ${#words[@]}; i++)); do
        __discover_unquoted "${words[i]}"
        asked+=("$plain")
    done
    kept="$plain"
    __discover_unquoted "$2"
    kept="${kept%"$plain"}"
    # The values of --flag=value come without --flag=.
    line="${asked[${#asked[@]} - 1]}"
    if [[ $line == --*=* ]]; then
        line="${line%%=*}="
        [[ $kept == "$line"* ]] || before="$line"
        kept="${kept#"$line"}"
    fi
    program="${words[0]}"
    [[ $program == "~/"* ]] && program="$HOME/${program#"~/"}"
    type -P "$program" >/dev/null || program=discover
    output="$("$program" __complete "${asked[@]}" 2>/dev/null)" || return
    [[ $output == *:[0-9]* ]] || return
    directive="${output##*:}" # in the last line
    while IFS= read -r line; do
        [[ -n $line ]] && found+=("$line")
    done <<<"${output%":$directive"}"
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    if ((!(directive & 4))) && [[ ${#found[@]} -eq 0 ]]; then
        compopt -o default 2>/dev/null
        return
    fi
    [[ ${#found[@]} -gt 0 ]] && __discover_show
}

complete -F __discover discover
